// The layers of the network, side by side: added, taken away, moved, made wider or narrower.
import { fill, make, write } from "./dom.js";
import { busy, change, featuresOf, layersOf, onChange, outputsOf, state } from "./store.js";
import { count, say } from "./words.js";

const MOST_LAYERS = 6;
const MOST_UNITS = 1024;

/** @param {HTMLElement} place */
export function buildDesign(place) {
  const chain = make("ol", { class: "chain", "aria-label": say("studio.design") });
  const total = make("p", { class: "total" });
  const add = make("button", { type: "button", class: "quiet", onclick: () => setHidden([...state.hidden, state.hidden.at(-1) ?? 30]) }, say("studio.design.add"));
  place.append(chain, make("div", { class: "chain-end" }, add, total));
  /** @type {number | null} */ let dragged = null;

  function draw() {
    const data = state.server?.data;
    if (!data) return;
    const focus = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset?.keep;
    const locked = busy(state);
    fill(
      chain,
      make("li", { class: "end x" }, make("b", {}, count(layersOf(state)[0]?.features ?? featuresOf(data))), make("span", {}, say("studio.design.features"))),
      ...state.hidden.map((units, index) => card(units, index, locked)),
      make(
        "li",
        { class: `end y ${state.layer === state.hidden.length ? "chosen" : ""}` },
        make("button", { type: "button", class: "pick", onclick: () => change({ layer: state.hidden.length, unit: -1 }) }, make("b", {}, count(outputsOf(data))), make("span", {}, layersOf(state).at(-1)?.activation ?? "")),
      ),
    );
    add.disabled = locked || state.hidden.length >= MOST_LAYERS;
    if (focus) /** @type {HTMLElement | null} */ (chain.querySelector(`[data-keep="${focus}"]`))?.focus();
    const parts = layersOf(state).map((layer) => layer.features * layer.units + layer.units);
    const sum = parts.reduce((all, part) => all + part, 0);
    write(total, `${say("studio.design.total")} ${parts.map(count).join(" + ")}${parts.length > 1 ? ` = ${count(sum)}` : ""}`);
  }

  /** @param {number} units @param {number} index @param {boolean} locked */
  function card(units, index, locked) {
    const name = say("studio.design.layer", { number: index + 1 });
    const range = make("input", {
      type: "range",
      min: 0,
      max: 1000,
      value: Math.round((1000 * Math.log(units)) / Math.log(MOST_UNITS)),
      "aria-label": say("studio.design.units", { number: index + 1 }),
      "aria-valuetext": String(units),
      "data-keep": `range-${index}`,
      disabled: locked,
      oninput: () => setUnits(index, Math.round(MOST_UNITS ** (Number(range.value) / 1000))),
    });
    const number = make("input", {
      type: "number",
      min: 1,
      max: MOST_UNITS,
      value: units,
      "aria-label": say("studio.design.units", { number: index + 1 }),
      "data-keep": `units-${index}`,
      disabled: locked,
      onchange: () => setUnits(index, Number(number.value)),
    });
    const move = (/** @type {number} */ by, /** @type {string} */ sign, /** @type {string} */ key) =>
      make("button", { type: "button", class: "icon", "aria-label": say(key, { number: index + 1 }), "data-keep": `${key}-${index}`, disabled: locked || !(index + by in state.hidden), onclick: () => swap(index, index + by) }, sign);
    return make(
      "li",
      {
        class: `layer ${state.layer === index ? "chosen" : ""}`,
        draggable: String(!locked),
        "aria-label": name,
        ondragstart: () => (dragged = index),
        ondragover: (/** @type {DragEvent} */ event) => event.preventDefault(),
        ondrop: () => dragged !== null && swap(dragged, index),
        onclick: (/** @type {Event} */ event) => {
          if (!(/** @type {HTMLElement} */ (event.target).closest("input, button"))) change({ layer: index, unit: -1 });
        },
      },
      make("button", { type: "button", class: "pick", "data-keep": `pick-${index}`, "aria-pressed": String(state.layer === index), onclick: () => change({ layer: index, unit: -1 }) }, make("span", {}, name)),
      make("div", { class: "units" }, number, make("span", {}, state.activation)),
      range,
      make(
        "div",
        { class: "moves" },
        move(-1, "←", "studio.design.left"),
        move(1, "→", "studio.design.right"),
        make("button", { type: "button", class: "icon", "aria-label": say("studio.design.remove", { number: index + 1 }), disabled: locked, onclick: () => setHidden(state.hidden.filter((_, place) => place !== index)) }, "×"),
      ),
    );
  }

  let last = "";
  onChange((now) => {
    const key = JSON.stringify([now.hidden, now.layer, now.activation, now.server?.data?.name, layersOf(now), busy(now)]);
    if (key === last) return;
    last = key;
    draw();
  });
}

/** @param {number[]} hidden */
function setHidden(hidden) {
  change({ hidden, layer: Math.min(state.layer, hidden.length), unit: -1 });
}

/** @param {number} index @param {number} units */
function setUnits(index, units) {
  if (!Number.isFinite(units)) return;
  const within = Math.min(MOST_UNITS, Math.max(1, Math.round(units)));
  setHidden(state.hidden.map((before, place) => (place === index ? within : before)));
}

/** @param {number} one @param {number} other */
function swap(one, other) {
  const hidden = [...state.hidden];
  [hidden[one], hidden[other]] = [hidden[other], hidden[one]];
  change({ hidden, layer: other });
}
