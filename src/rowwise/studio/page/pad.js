// A canvas to draw a record on: each stroke is a new record at once.
import { make } from "./dom.js";
import { paintRecord, sizes } from "./paint.js";
import { change, state } from "./store.js";
import { say } from "./words.js";

/** @param {HTMLElement} place */
export function buildPad(place) {
  const pad = make("canvas", { class: "record pad", width: 28, height: 28, tabindex: "0", role: "img", "aria-label": say("studio.pad.label") });
  const clear = make("button", { type: "button", class: "quiet", onclick: () => draw(true) }, say("studio.pad.clear"));
  const back = make("button", { type: "button", class: "quiet", onclick: () => change({ drawn: null }) }, say("studio.pad.back"));
  place.append(pad, make("div", { class: "controls" }, clear, back));
  /** @type {[number, number] | null} */ let from = null;

  /** The record under the brush: what is shown, or nothing yet. @param {boolean} empty */
  function draw(empty) {
    const data = state.server?.data;
    if (!data) return null;
    const size = data.shape.reduce((product, part) => product * part, 1);
    const made = data.bytes ? new Uint8Array(size) : new Float32Array(size);
    if (!empty && state.drawn && state.drawn.length === size) made.set(state.drawn);
    else if (!empty && shown?.length === size) made.set(shown);
    if (empty) change({ drawn: made, looked: "" });
    return made;
  }
  /** @type {ArrayLike<number> | null} */ let shown = null;

  /** @param {PointerEvent} event @returns {[number, number]} row and column */
  function at(event) {
    const data = /** @type {import("./store.js").Data} */ (state.server?.data);
    const { height, width } = sizes(data.shape);
    const box = pad.getBoundingClientRect();
    return [((event.clientY - box.top) / box.height) * height, ((event.clientX - box.left) / box.width) * width];
  }

  /** @param {[number, number]} start @param {[number, number]} end */
  function stroke(start, end) {
    const data = /** @type {import("./store.js").Data} */ (state.server?.data);
    const record = draw(false);
    if (!record) return;
    const { height, width, channels } = sizes(data.shape);
    const reach = Math.max(1, height / 22);
    const steps = Math.max(1, Math.ceil(Math.hypot(end[0] - start[0], end[1] - start[1]) * 2));
    for (let step = 0; step <= steps; step++) {
      const row = start[0] + ((end[0] - start[0]) * step) / steps;
      const column = start[1] + ((end[1] - start[1]) * step) / steps;
      for (let y = Math.max(0, Math.floor(row - 2 * reach)); y < Math.min(height, row + 2 * reach); y++) {
        for (let x = Math.max(0, Math.floor(column - 2 * reach)); x < Math.min(width, column + 2 * reach); x++) {
          const ink = data.white * Math.max(0, Math.min(1, 1.6 - Math.hypot(y + 0.5 - row, x + 0.5 - column) / reach));
          for (let channel = 0; channel < channels; channel++) {
            const place = (y * width + x) * channels + channel;
            record[place] = Math.max(record[place], ink);
          }
        }
      }
    }
    change({ drawn: record, looked: "" });
  }

  pad.addEventListener("pointerdown", (event) => {
    if (!state.server?.data) return;
    pad.setPointerCapture(event.pointerId);
    from = at(event);
    stroke(from, from);
  });
  pad.addEventListener("pointermove", (event) => {
    if (!from) return;
    const to = at(event);
    stroke(from, to);
    from = to;
  });
  for (const end of /** @type {const} */ (["pointerup", "pointercancel"])) pad.addEventListener(end, () => (from = null));

  return {
    /** @param {ArrayLike<number>} record */
    show(record) {
      const data = state.server?.data;
      if (!data) return;
      shown = record;
      paintRecord(pad, record, data);
      back.hidden = !state.drawn;
    },
  };
}
