// Chapter 4: a record flows through; what each unit says of it, and why.
import { fill, make, write } from "./dom.js";
import { lookAt } from "./drop.js";
import { buildForm } from "./form.js";
import { buildImportance } from "./importance.js";
import { buildPad } from "./pad.js";
import { offer } from "./picture.js";
import { css, largest, much, signed } from "./paint.js";
import { flow, get, newest, records, tried } from "./server.js";
import { begin } from "./learning.js";
import { change, onChange, onStroke, state } from "./store.js";
import { drawUnit } from "./unit.js";
import { className, figure, percent, say, shape } from "./words.js";

const MOST_UNITS = 400;
const TOP = 5;

/** @param {HTMLElement} body @param {HTMLElement} glance */
export function buildUnderstanding(body, glance) {
  const hint = make("div", { class: "hint" }, make("p", {}, say("studio.understanding.first")), make("button", { type: "button", class: "main", onclick: begin }, say("studio.learning.start")));
  const left = make("div", { class: "picked" });
  const drawing = make("div", {});
  const typing = make("div", {});
  const pad = buildPad(drawing);
  const form = buildForm(typing);
  const about = make("p", { class: "caption", "aria-live": "polite" });
  const other = make("div", { class: "controls" }, make("button", { type: "button", class: "quiet", onclick: () => step(-1) }, say("studio.understanding.previous")), make("button", { type: "button", class: "quiet", onclick: () => step(1) }, say("studio.understanding.next")));
  left.prepend(make("h3", {}, say("studio.understanding.record")));
  const how = make("p", { class: "soft small" });
  const picture = make("input", { type: "file", accept: "image/*", id: "look-file", onchange: async () => {
    if (picture.files?.[0]) await lookAt(picture.files[0]);
    picture.value = "";
  } });
  const own = make("label", { class: "drop", for: "look-file" }, make("span", {}, say("studio.look.choose")), picture);
  const looked = make("p", { class: "soft small", "aria-live": "polite" });
  left.append(drawing, typing, about, looked, other, own, how);
  const answers = make("div", { class: "answers", role: "img" });
  const layers = make("div", { class: "layers" });
  const unit = make("div", { class: "unit" });
  const unitTitle = make("h3", {});
  const columns = make("section", { class: "unit-room" });
  const flowing = make("div", { class: "columns three" }, left, make("div", {}, make("h3", {}, say("studio.understanding.layers")), layers), make("div", {}, make("h3", {}, say("studio.understanding.answer")), answers));
  const following = make("section", { class: "unit-room" }, unitTitle, unit);
  body.append(
    make("h2", {}, say("studio.understanding.heading")),
    make("p", { class: "lead" }, say("studio.understanding.lead")),
    hint,
    flowing,
    following,
    columns,
  );
  buildImportance(columns);
  offer(flowing, "flow");
  offer(following, "unit");
  const small = make("div", { class: "mini-answers small" });
  glance.append(small);

  /** @type {number[]} */ let labels = [];
  let labelled = "";

  /** @param {number} by */
  function step(by) {
    const data = state.server?.data;
    if (data) change({ record: (state.record + by + data.test) % data.test, drawn: null });
  }

  const look = newest(async () => {
    const server = state.server;
    const data = server?.data;
    if (!data) return;
    const record = state.drawn ?? (await records([state.record]))[0];
    drawing.hidden = data.kind !== "pictures";
    typing.hidden = data.kind !== "table";
    own.hidden = data.kind !== "pictures";
    write(looked, state.drawn ? state.looked : "");
    if (data.kind === "pictures") pad.show(record);
    if (data.kind === "table") form.show(record, data);
    write(how, data.kind === "arrays" ? "" : say(data.kind === "table" ? "studio.understanding.change" : "studio.understanding.draw"));
    hint.hidden = server.layers.length > 0;
    if (labelled !== `${data.name} ${data.test}`) {
      labels = (await tried(() => get("/labels"))) ?? [];
      labelled = `${data.name} ${data.test}`;
    }
    const truth = state.drawn || !labels.length ? "" : data.classes.en.length ? className(data, labels[state.record]) : figure(labels[state.record]);
    write(about, state.drawn ? say(data.kind === "table" ? "studio.data.changed" : "studio.data.drawn") : say("studio.understanding.truth", { record: state.record, name: truth }));
    if (server.story.phase === "beginning") return; // until there is another network, the last one stays
    if (!server.layers.length) {
      for (const place of [layers, answers, small, unit]) fill(place);
      return;
    }
    const all = await flow([record]);
    drawLayers(all, server.layers);
    drawAnswers(all, server.layers, data, truth);
    drawChosen(record);
  });

  // By itself: the next stroke need not wait for it.
  const drawChosen = newest(async (/** @type {Uint8Array | Float32Array} */ record) => {
    const chosen = state.server?.layers[state.layer];
    write(unitTitle, chosen && state.unit >= 0 ? say("studio.unit.heading", { layer: chosen.name, unit: String(state.unit), record: state.drawn ? "✎" : String(state.record) }) : say("studio.unit.title"));
    if (state.chapter === "understanding") await drawUnit(unit, record, state.layer, state.unit);
  });

  /** @param {Float32Array} all @param {import("./store.js").Layer[]} own */
  function drawLayers(all, own) {
    let from = 0;
    own.forEach((layer, index) => {
      let room = /** @type {HTMLElement | undefined} */ (layers.children[index]);
      const shownUnits = Math.min(layer.units, MOST_UNITS);
      if (!room || room.dataset.units !== `${layer.name} ${layer.units}`) {
        const cells = Array.from({ length: shownUnits }, (_, unitNumber) => make("button", { type: "button", class: "cell", "data-unit": `${index} ${unitNumber}`, tabindex: unitNumber ? -1 : 0, onclick: () => change({ layer: index, unit: unitNumber }) }));
        const group = make("div", { class: shownUnits > 120 ? "cells many" : "cells", role: "group", "aria-label": layer.name }, ...cells);
        group.addEventListener("keydown", (event) => walk(event, cells));
        const made = make("div", { class: "activations", "data-units": `${layer.name} ${layer.units}` }, make("p", { class: "small" }, make("b", {}, layer.name), ` ${shape([layer.units])} `, make("span", { class: "soft" }, layer.activation)), group);
        if (room) {
          fill(room, ...made.childNodes);
          room.dataset.units = made.dataset.units;
        } else layers.append(made);
        room ??= made;
      }
      const limit = largest(all, from, from + layer.units);
      const cells = /** @type {NodeListOf<HTMLElement>} */ (room.querySelectorAll(".cell"));
      cells.forEach((cell, unitNumber) => {
        const value = all[from + unitNumber];
        cell.style.background = css(value < 0 ? signed(value / limit) : much(value / limit));
        const words = say("studio.understanding.unit", { unit: String(unitNumber), value: figure(value) });
        if (cell.title !== words) {
          cell.setAttribute("aria-label", words);
          cell.title = words;
        }
        cell.setAttribute("aria-pressed", String(state.layer === index && state.unit === unitNumber));
      });
      from += layer.units;
    });
    while (layers.children.length > own.length) layers.lastChild?.remove();
  }

  /** @param {Float32Array} all @param {import("./store.js").Layer[]} own @param {import("./store.js").Data} data @param {string} truth */
  function drawAnswers(all, own, data, truth) {
    const inside = own.reduce((sum, layer) => sum + layer.units, 0);
    const outputs = [...all.subarray(inside)];
    if (!data.classes.en.length || outputs.length !== data.classes.en.length) {
      const words = outputs.map((value, index) => `${data.targets[index] ?? index}: ${figure(value)}`);
      fill(answers, ...words.map((text) => make("p", { class: "answer number" }, text)));
      fill(small, words[0] ?? "");
      answers.setAttribute("aria-label", words.join(", "));
      return;
    }
    const order = outputs.map((share, label) => ({ share, label })).sort((one, next) => next.share - one.share);
    const bars = order.slice(0, TOP).map(({ share, label }) => {
      const bar = make("span", { class: "bar" });
      bar.style.width = `${Math.max(0.5, 100 * share)}%`;
      const name = className(data, label);
      return make("div", { class: `answer ${name === truth ? "true" : ""}` }, make("span", { class: "answer-name" }, name), make("span", { class: "track" }, bar), make("span", { class: "share" }, percent(share)));
    });
    fill(answers, ...bars);
    answers.setAttribute("aria-label", order.slice(0, TOP).map(({ share, label }) => `${className(data, label)} ${percent(share)}`).join(", "));
    fill(small, ...order.slice(0, 3).map(({ share, label }) => make("span", {}, className(data, label), " ", make("b", {}, percent(share)))));
  }

  let last = "";
  onChange((now) => {
    const server = now.server;
    if (!server?.data) return;
    const key = JSON.stringify([server.data.name, now.record, now.layer, now.unit, now.chapter === "understanding", server.story.number, server.story.looks, server.story.phase, server.layers.length]);
    if (key === last && now.drawn === seen) return;
    // The training goes on meanwhile: who looks elsewhere sees here what it came to.
    if (server.story.phase === "training" && now.chapter !== "understanding" && last) return;
    last = key;
    seen = now.drawn;
    look();
  });
  onStroke(() => {
    seen = state.drawn;
    look();
  });
  /** @type {Uint8Array | Float32Array | null} */ let seen = null;
}

/** Arrow keys go from unit to unit. @param {KeyboardEvent} event @param {HTMLElement[]} cells */
function walk(event, cells) {
  const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 10, ArrowUp: -10 }[event.key];
  const at = cells.indexOf(/** @type {HTMLElement} */ (event.target));
  if (!by || at < 0) return;
  event.preventDefault();
  const next = cells[Math.max(0, Math.min(cells.length - 1, at + by))];
  next.tabIndex = 0;
  if (next !== cells[at]) cells[at].tabIndex = -1;
  next.focus();
}
