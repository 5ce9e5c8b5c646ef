"use strict";
// The form's values → POST /predict/{model} → what the answer says, as text nodes: no answer is ever read as HTML.
const form = document.getElementById("form");
const output = document.getElementById("answer");
const about = JSON.parse(form.dataset.about);
const picture = document.getElementById("picture");
const MOST_CLASSES = 10;

function element(name, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function called(name) {
  return Object.hasOwn(about.classes, name) ? about.classes[name] : name;
}

function body() {
  if (picture) {
    const file = picture.files[0];
    return file && { kind: file.type || "application/octet-stream", content: file };
  }
  const free = document.getElementById("records");
  if (free) return { kind: "application/json", content: free.value };
  const record = {};
  for (const field of form.querySelectorAll("[data-name]")) {
    const text = field.value.trim();
    let value = text === "" ? null : text;
    if (value !== null && field.dataset.kind === "number" && Number.isFinite(Number(text))) value = Number(text);
    if (value !== null && field.dataset.kind === "boolean") value = text === "true";
    record[field.dataset.name] = value;
  }
  return { kind: "application/json", content: JSON.stringify({ records: [record] }) };
}

function shares(numbers) {
  const lines = Object.entries(numbers).sort((one, other) => other[1] - one[1]).slice(0, MOST_CLASSES);
  return lines.map(([name, share]) => {
    const line = element("div", undefined, "share");
    const bar = element("span", undefined, "bar");
    const filled = element("i");
    filled.style.width = `${(100 * share).toFixed(1)}%`;
    bar.append(filled);
    line.append(element("span", called(name)), bar, element("span", `${(100 * share).toFixed(1)}%`));
    return line;
  });
}

function shown(value) {
  return typeof value === "number" ? String(Number(value.toPrecision(6))) : String(value);
}

function parts(prediction) {
  const made = [];
  if (prediction.class !== undefined) made.push(element("p", called(prediction.class), "said"));
  if (prediction.labels !== undefined) made.push(element("p", prediction.labels.map(called).join(", ") || "–", "said"));
  if (typeof prediction.probabilities === "object") made.push(...shares(prediction.probabilities));
  const values = prediction.values ?? (prediction.class === undefined && !prediction.labels ? prediction : {});
  for (const [name, value] of Object.entries(values)) made.push(element("p", `${name}: ${shown(value)}`, "said"));
  if (prediction.interval) {
    const { low, high, share } = prediction.interval;
    made.push(element("p", `${about.words.interval} ${shown(100 * share)}%: ${shown(low)} – ${shown(high)}`));
  }
  return made;
}

function show(answer) {
  const made = answer.predictions.slice(0, 20).flatMap(parts);
  for (const line of answer.conversion ?? []) made.push(element("p", line, "soft small"));
  for (const warning of answer.warnings) made.push(element("p", warning.message, "warning"));
  output.replaceChildren(...made);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const asked = body();
  if (!asked) return picture.click();
  const button = form.querySelector("button");
  button.disabled = true;
  output.replaceChildren(element("p", about.words.wait, "soft"));
  try {
    const headers = { "Content-Type": asked.kind, "Accept-Language": document.documentElement.lang };
    const response = await fetch(about.place, { method: "POST", headers, body: asked.content });
    const answer = await response.json();
    if (response.ok) show(answer);
    else output.replaceChildren(element("p", answer.error, "warning"));
  } catch (error) {
    output.replaceChildren(element("p", `${about.words.failed} ${error.message}`, "warning"));
  } finally {
    button.disabled = false;
  }
});

picture?.addEventListener("change", () => {
  const image = document.getElementById("shown");
  const file = picture.files[0];
  URL.revokeObjectURL(image.src);
  image.hidden = !file || !file.type.startsWith("image/");
  if (!image.hidden) image.src = URL.createObjectURL(file);
  if (file) form.requestSubmit();
});

const curl = document.getElementById("curl");
if (curl) {
  const place = `${location.origin}${curl.dataset.place}`;
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  curl.textContent = curl.dataset.picture
    ? `curl -s ${quoted(place)} -H 'Content-Type: image/png' --data-binary @${curl.dataset.picture}`
    : `curl -s ${quoted(place)} -H 'Content-Type: application/json' \\\n  -d ${quoted(curl.dataset.body)}`;
}
