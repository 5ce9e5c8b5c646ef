// The page around the program: what is filled in or drawn → a record → its answers, shown.

const data = JSON.parse(document.getElementById("program").textContent);
let predict = null;
const byId = (id) => document.getElementById(id);
let language = data.language;
const text = (key) => data.texts[language][key];

function made(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function speak() {
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-say]")) element.textContent = text(element.dataset.say);
  byId("language").textContent = language === "ko" ? "English" : "한국어";
  if (last) show(last);
}

// A table: a field for each column; several inputs for the parts of a date.
const MISSING = "", OTHER = "\u0000other";
const columns = [];
for (const input of data.inputs) {
  const name = input.part ? input.name.slice(0, -input.part.length - 1) : input.name;
  const before = columns[columns.length - 1];
  if (input.part && before && before.name === name && before.kind === "date") before.inputs.push(input);
  else columns.push({ name, kind: input.kind, inputs: [input] });
}

function field(column, place) {
  const [input] = column.inputs, id = `f${place}`;
  const label = made("label", { for: id }, column.name + (input.unit ? ` (${input.unit})` : ""));
  let control;
  if (column.kind === "categorical" || column.kind === "boolean") {
    const levels = column.kind === "boolean" ? [["1", "yes"], ["0", "no"]] : input.levels.map((level, i) => [String(i), null, level]);
    control = made("select", { id });
    for (const [value, key, level] of levels) control.append(made("option", { value, ...(key ? { "data-say": key } : {}) }, level ?? ""));
    if (column.kind === "categorical") control.append(made("option", { value: OTHER, "data-say": "other" }));
    control.append(made("option", { value: MISSING, "data-say": "missing" }));
  } else {
    const hint = column.kind === "date" ? pattern(column) : range(input);
    control = made("input", { id, type: "text", placeholder: hint, autocomplete: "off", "aria-describedby": `${id}n` });
  }
  const note = made("p", { id: `${id}n`, class: "small soft", "aria-live": "polite" });
  control.addEventListener("input", update);
  return made("div", { class: "field" }, label, control, note);
}

const parts = (column) => column.inputs.map((input) => input.part);
function pattern(column) {
  const day = parts(column).includes("day") ? "YYYY-MM-DD" : parts(column).includes("year") ? "YYYY-MM" : "";
  return [day, parts(column).includes("hour") ? "HH:MM" : ""].filter(Boolean).join(" ");
}
const range = (input) => (input.low === null || input.low === undefined ? "" : `${round(input.low)} … ${round(input.high)}`);
const round = (number) => String(Number(Number(number).toPrecision(Math.abs(number) > 1e6 ? 12 : 5)));

function numbersOf(column, place) {
  const control = byId(`f${place}`), note = byId(`f${place}n`), given = control.value.trim();
  note.textContent = "";
  control.removeAttribute("aria-invalid");
  const wrong = (key) => { note.textContent = text(key); control.setAttribute("aria-invalid", "true"); return null; };
  if (given === MISSING) return column.inputs.map(() => NaN);
  if (column.kind === "categorical") return [given === OTHER ? column.inputs[0].unknown : Number(given)];
  if (column.kind === "boolean") return [Number(given)];
  if (column.kind === "date") return datePart(column, given) ?? wrong("date");
  const number = Number(given.replace(",", "."));
  if (!Number.isFinite(number)) return wrong("number");
  const { low, high, subtract_before: before } = column.inputs[0];
  if (low !== null && low !== undefined && (number < low || number > high)) note.textContent = `${text("outside")} ${range(column.inputs[0])}`;
  return [before ? Number(BigInt(given) - BigInt(before)) : number];
}

function datePart(column, given) {
  const found = /^(?:(\d{4})-(\d{1,2})(?:-(\d{1,2}))?)?[ T]*(?:(\d{1,2}):(\d{2}))?$/.exec(given);
  if (!found) return null;
  const [, year, month, day, hour, minute] = found;
  const date = new Date(Date.UTC(2000, (month ?? 1) - 1, day ?? 1));
  if (year) date.setUTCFullYear(Number(year));
  if (day && date.getUTCDate() !== Number(day)) return null;
  if (hour && Number(hour) > 23) return null;
  const all = {
    year: Number(year), month: Number(month), day: Number(day), weekday: date.getUTCDay() || 7,
    hour: hour === undefined ? 0 : Number(hour) + Number(minute) / 60,
  };
  const values = parts(column).map((part) => all[part]);
  return values.some(Number.isNaN) ? null : values;
}

// The reverse: an example's numbers in the fields.
function fill(record) {
  let at = 0;
  columns.forEach((column, place) => {
    const values = record.slice(at, at + column.inputs.length);
    at += values.length;
    const control = byId(`f${place}`);
    if (Number.isNaN(values[0])) control.value = MISSING;
    else if (column.kind === "categorical") control.value = values[0] === column.inputs[0].unknown ? OTHER : String(values[0]);
    else if (column.kind === "date") control.value = dateText(column, values);
    else control.value = String(column.inputs[0].subtract_before ? BigInt(values[0]) + BigInt(column.inputs[0].subtract_before) : Number(values[0].toPrecision(Math.abs(values[0]) > 1e6 ? 15 : 6)));
  });
  update();
}

function dateText(column, values) {
  const all = Object.fromEntries(parts(column).map((part, i) => [part, values[i]]));
  const two = (number) => String(number).padStart(2, "0");
  const date = "year" in all ? [all.year, two(all.month), ...("day" in all ? [two(all.day)] : [])].join("-") : "";
  const minutes = Math.round((all.hour ?? 0) * 60);
  const clock = "hour" in all ? `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}` : "";
  return [date, clock].filter(Boolean).join(" ");
}

function fromFields() {
  const record = columns.map(numbersOf);
  return record.includes(null) ? null : record.flat();
}

function fromNumbers() {
  const area = byId("numbers"), note = byId("numbersn");
  const record = area.value.split(/[\s,;]+/).filter(Boolean).map(Number);
  const wanted = data.input.columns;
  note.textContent = record.length === wanted && record.every(Number.isFinite) ? "" : `${text("numbers")} ${wanted}`;
  return note.textContent ? null : record;
}

let last = null;
function update() {
  const record = data.kind === "table" ? fromFields() : fromNumbers();
  if (record) answer(record);
  else { last = null; byId("answer").replaceChildren(); }
}

function answer(record) { if (predict) show((last = predict(record))); }

// What it says.
function show(answers) {
  const rows = [];
  const names = (language === "ko" && data.outputs_are.classes_ko) || data.outputs_are.classes || data.outputs_are.targets || [];
  const percent = (share) => `${(100 * share).toFixed(1)}${language === "ko" ? "" : " "}%`;
  if (answers.probabilities) {
    const chosen = answers.labels ?? names.map((_, i) => Number(i === answers.class[0]));
    const order = answers.probabilities.map((p, i) => [p, i]);
    if (!answers.labels && !data.outputs_are.ordered) order.sort((a, b) => b[0] - a[0]);
    for (const [p, i] of order) {
      const bar = made("span", { class: "bar", style: `width:${(100 * p).toFixed(2)}%` });
      rows.push(made("tr", chosen[i] ? { class: "chosen" } : {}, made("th", { scope: "row" }, (chosen[i] ? "✓ " : "") + names[i]), made("td", {}, percent(p)), made("td", { class: "track" }, bar)));
    }
  } else {
    answers.values.forEach((value, i) => {
      const unit = (data.outputs_are.units ?? [])[i] ?? "";
      rows.push(made("tr", { class: "chosen" }, made("th", { scope: "row" }, names[i] ?? `y${i}`), made("td", {}, `${round(value)} ${unit}`)));
    });
  }
  byId("answer").replaceChildren(made("table", {}, made("tbody", {}, ...rows)));
}

// The few records whose answers came with the page.
function examples() {
  const numbers = decoded(data.check.records), width = data.input.columns;
  return Array.from({ length: numbers.length / width }, (_, i) => Array.from(numbers.subarray(i * width, (i + 1) * width)));
}

function checked() {
  let largest = 0;
  examples().forEach((record, i) => {
    for (const [role, found] of Object.entries(predict(record))) {
      const wanted = decoded(data.check[role]), first = i * found.length;
      found.forEach((value, j) => { largest = Math.max(largest, Math.abs(value - wanted[first + j]) / Math.max(1, Math.abs(wanted[first + j]))); });
    }
  });
  return largest;
}

let example = 0;
function nextExample() {
  const all = examples();
  const record = all[example++ % all.length];
  if (data.kind === "table") fill(record);
  else if (data.kind === "pictures") picture(record);
  else { byId("numbers").value = record.map(round).join(", "); update(); }
}
