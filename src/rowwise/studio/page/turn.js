// The same numbers drawn twice: the circles of a network stand upright, the row of an array lies flat.
import { animate, make, svg, write } from "./dom.js";
import { newest, records } from "./server.js";
import { change, featuresOf, layersOf, onChange, state } from "./store.js";
import { say } from "./words.js";

const WIDTH = 760;
const HEIGHT = 372;
const SHOWN_ROWS = 6;

/** Two decimals, or none where there is nothing behind them. @param {number} value */
const short = (value) => (Number.isFinite(value) ? String(Number(value.toFixed(2))).replace("-", "−") : "");

/** @param {HTMLElement} place */
export function buildTurn(place) {
  const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  const words = make("p", { class: "turn-words", "aria-live": "polite" });
  const slider = make("input", { type: "range", min: 0, max: 100, value: 0, "aria-label": say("studio.turn.slider"), oninput: () => slide(Number(slider.value) / 100) });
  const button = make("button", { type: "button", class: "quiet", onclick: turn });
  const passing = make("input", { type: "range", min: 0, max: 31, value: 0, "aria-label": say("studio.turn.passing"), oninput: () => draw(at) });
  place.append(
    make("h3", {}, say("studio.turn.heading")),
    make("div", { class: "controls" }, button, make("label", { class: "slider" }, make("span", {}, say("studio.turn.drawing")), slider, make("span", {}, say("studio.turn.array"))), make("label", { class: "slider" }, make("span", {}, say("studio.turn.record")), passing)),
    make("div", { class: "scrolls" }, drawing),
    words,
  );
  let at = 0;
  let turning = false;
  /** @type {ArrayLike<number>[]} */ let x = [];

  /** @param {number} share */
  function slide(share) {
    draw(share);
    change({ lying: share >= 0.5 });
  }

  function turn() {
    change({ lying: at < 0.5 });
  }

  /** @param {number} to */
  function turnTo(to) {
    const from = at;
    turning = true;
    animate(1400, (share) => {
      turning = share < 1;
      slider.value = String(100 * (from + (to - from) * share));
      draw(from + (to - from) * share);
    });
  }

  /** @param {number} share 0: upright, as a network is drawn; 1: lying, as the array has it */
  function draw(share) {
    at = share;
    const data = state.server?.data;
    if (!data) return;
    write(button, say(share < 0.5 ? "studio.turn.lay" : "studio.turn.stand"));
    const features = featuresOf(data);
    const units = layersOf(state)[0]?.units ?? 100;
    const middle = Math.floor(features / 2) + Math.floor((data.shape[1] ?? 2) / 2); // the middle of a picture, where there is something
    const named = features > 7 ? [0, 1, -1, middle, middle + 1, -1, features - 1] : Array.from({ length: features }, (_, index) => index);
    const record = Math.min(Number(passing.value), Math.max(0, state.batch - 1));
    passing.max = String(state.batch - 1);
    const parts = /** @type {SVGElement[]} */ ([]);
    const move = (/** @type {number} */ from, /** @type {number} */ to) => from + (to - from) * share;
    const fade = Math.max(0, 1 - 2 * share);
    const come = Math.max(0, 2 * share - 1);
    const left = 118;
    const wide = (WIDTH - left - 8) / named.length;
    const tall = 44;
    const top = 104;
    const high = 30;
    // The units and the lines, which are the weights: they belong to the picture alone.
    const circles = [0, 1, 2, -1, units - 1].filter((unit) => unit < units);
    circles.forEach((unit, index) => {
      const y = 62 + index * 62;
      if (unit >= 0) {
        named.forEach((feature, place) => {
          if (feature >= 0) parts.push(svg("line", { x1: 214, y1: 40 + place * tall, x2: 520, y2: y, class: "weight", opacity: 0.5 * fade }));
        });
      }
      parts.push(unit < 0 ? svg("text", { x: 540, y: y + 5, class: "dots", opacity: fade }, "⋮") : svg("circle", { cx: 540, cy: y, r: 20, class: "unit", opacity: fade }));
      if (unit >= 0) parts.push(svg("text", { x: 540, y: y + 5, class: "name", opacity: fade }, `h${unit + 1}`));
    });
    parts.push(svg("text", { x: 540, y: 26, class: "note", opacity: fade }, say("studio.turn.units", { units })));
    // The rows of the other records, which come below the one that lies.
    const rows = Math.min(SHOWN_ROWS, state.batch);
    for (let row = 0; row < rows; row++) {
      const last = row === rows - 1 && state.batch > SHOWN_ROWS;
      const dots = row === rows - 2 && state.batch > SHOWN_ROWS;
      const number = last ? state.batch - 1 : row;
      const y = top + row * (high + 6);
      const chosen = !dots && number === record;
      parts.push(svg("text", { x: left - 12, y: y + 20, class: `row-name ${chosen ? "chosen" : ""}`, opacity: come }, dots ? "⋮" : say("studio.turn.row", { record: String(number) })));
      named.forEach((feature, place) => {
        const shown = dots || feature < 0 ? "" : short(valueOf(number, feature, data));
        parts.push(svg("rect", { x: left + place * wide + 3, y, width: wide - 6, height: high, rx: 4, class: `cell ${chosen ? "chosen" : ""}`, opacity: come * (dots || feature < 0 ? 0.25 : 1) }));
        parts.push(svg("text", { x: left + (place + 0.5) * wide, y: y + 20, class: "value", opacity: come }, feature < 0 ? "…" : shown));
      });
    }
    // The features: circles with their names, which become the heads of the columns.
    named.forEach((feature, place) => {
      const cx = move(194, left + (place + 0.5) * wide);
      const cy = move(40 + place * tall, 58);
      const halfWide = move(20, wide / 2 - 4);
      const halfHigh = move(20, 16);
      if (feature < 0) {
        parts.push(svg("text", { x: cx, y: cy + 6, class: "dots" }, share < 0.5 ? "⋮" : "…"));
        return;
      }
      parts.push(svg("rect", { x: cx - halfWide, y: cy - halfHigh, width: 2 * halfWide, height: 2 * halfHigh, rx: move(20, 4), class: "feature" }));
      parts.push(svg("text", { x: cx, y: cy + 5, class: "name" }, `x${feature + 1}`));
      parts.push(svg("text", { x: cx - 34, y: cy + 5, class: "value end", opacity: fade }, `${data.features[feature]?.slice(0, 12) ?? ""} ${short(valueOf(record, feature, data))}`));
      parts.push(svg("text", { x: cx, y: cy - 24, class: "index", opacity: come }, `X[:, ${feature}]`));
    });
    parts.push(svg("text", { x: 100, y: HEIGHT - 8, class: "note start", opacity: fade }, say("studio.turn.values", { record: String(record) })));
    drawing.replaceChildren(...parts);
    drawing.setAttribute("aria-label", say(share < 0.5 ? "studio.turn.upright" : "studio.turn.lying", { features, last: features - 1, batch: state.batch }));
    write(words, say(share < 0.5 ? "studio.turn.upright" : "studio.turn.lying", { features, last: String(features - 1), batch: state.batch }));
  }

  /** @param {number} record @param {number} feature @param {import("./store.js").Data} data */
  function valueOf(record, feature, data) {
    const row = x[record % Math.max(1, x.length)];
    return row && feature >= 0 ? row[feature] / (data.kind === "pictures" ? data.white : 1) : NaN;
  }

  const load = newest(async () => {
    const data = state.server?.data;
    if (!data) return;
    x = await records(Array.from({ length: Math.min(state.batch, data.test) }, (_, step) => (state.record + step) % data.test));
    draw(at);
  });
  let last = "";
  onChange((now) => {
    if (!now.server?.data || now.chapter !== "network") return;
    if (now.lying !== at >= 0.5 && !turning) turnTo(now.lying ? 1 : 0);
    const key = JSON.stringify([now.record, now.batch, now.server.data.name, now.hidden]);
    if (key === last) return;
    last = key;
    draw(at);
    load();
  });
}
