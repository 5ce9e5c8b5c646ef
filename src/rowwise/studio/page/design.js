// The layers of the network, side by side: added, taken away, dragged, and each with its units, activation and dropout.
import { fill, make, write } from "./dom.js";
import { ACTIVATIONS } from "./link.js";
import { busy, change, designed, featuresOf, layersOf, onChange, outputsOf, state } from "./store.js";
import { count, say, shape } from "./words.js";

/** @typedef {{units: number, activation: string, dropout: number}} Hidden */

const MOST_LAYERS = 6;
const MOST_UNITS = 1024;
const DROPOUTS = [0, 0.1, 0.2, 0.3, 0.4, 0.5];

/** @returns {Hidden[]} */
const hidden = () => state.hidden.map((units, index) => ({ units, activation: state.activation[index], dropout: state.dropout[index] }));

/** @param {HTMLElement} place */
export function buildDesign(place) {
  const chain = make("ol", { class: "chain", "aria-label": say("studio.design") });
  const total = make("p", { class: "total" });
  const add = make("button", { type: "button", class: "quiet", onclick: () => set([...hidden(), hidden().at(-1) ?? { units: 30, activation: "relu", dropout: 0 }]) }, say("studio.design.add"));
  place.append(chain, make("div", { class: "chain-end" }, add, total));
  /** @type {number | null} */ let dragged = null;

  function draw() {
    const data = state.server?.data;
    if (!data) return;
    const locked = busy(state);
    const layers = layersOf(state);
    const last = layers.at(-1);
    fill(
      chain,
      make("li", { class: "end x" }, make("b", {}, count(layers[0]?.features ?? featuresOf(data))), make("span", {}, say("studio.design.features"))),
      ...hidden().map((own, index) => card(own, index, locked, layers[index])),
      make(
        "li",
        { class: `end y ${state.layer === state.hidden.length ? "chosen" : ""}` },
        make(
          "button",
          { type: "button", class: "pick", "data-keep": "pick-last", "aria-pressed": String(state.layer === state.hidden.length), onclick: () => change({ layer: state.hidden.length, unit: -1 }) },
          make("b", {}, count(outputsOf(data))),
          make("span", {}, last?.activation ?? ""),
          make("span", { class: "kernel-shape" }, last ? `W ${shape([last.features, last.units])}` : ""),
        ),
      ),
    );
    add.disabled = locked || state.hidden.length >= MOST_LAYERS;
    const parts = layers.map((layer) => layer.features * layer.units + layer.units);
    const sum = parts.reduce((all, part) => all + part, 0);
    write(total, `${say("studio.design.total")} ${parts.map(count).join(" + ")}${parts.length > 1 ? ` = ${count(sum)}` : ""}`);
  }

  /** @param {Hidden} own @param {number} index @param {boolean} locked @param {import("./store.js").Layer | undefined} layer */
  function card(own, index, locked, layer) {
    const { units } = own;
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
      oninput: () => widen(index, Math.round(MOST_UNITS ** (Number(range.value) / 1000))),
    });
    const number = make("input", {
      type: "number",
      min: 1,
      max: MOST_UNITS,
      value: units,
      "aria-label": say("studio.design.units", { number: index + 1 }),
      "data-keep": `units-${index}`,
      disabled: locked,
      onchange: () => widen(index, Number(number.value)),
    });
    /** @param {"activation" | "dropout"} what @param {(string | number)[]} values @param {(value: any) => string} words */
    const list = (what, values, words) => {
      const now = own[what];
      const all = values.includes(now) ? values : [...values, now]; // a run may have been trained with another
      const select = make(
        "select",
        { "aria-label": say(`studio.design.${what}`, { number: index + 1 }), "data-keep": `${what}-${index}`, disabled: locked, onchange: () => put(index, { [what]: what === "dropout" ? Number(select.value) : select.value }) },
        ...all.map((value) => make("option", { value, selected: value === now }, words(value))),
      );
      return select;
    };
    const move = (/** @type {number} */ by, /** @type {string} */ sign, /** @type {string} */ key) =>
      make("button", { type: "button", class: "icon", "aria-label": say(key, { number: index + 1 }), title: say(key, { number: index + 1 }), "data-keep": `${key}-${index}`, disabled: locked || !(index + by in state.hidden), onclick: () => carry(index, index + by) }, sign);
    const item = make(
      "li",
      {
        class: `layer ${state.layer === index ? "chosen" : ""}`,
        draggable: String(!locked),
        "aria-label": name,
        // A slider within it is dragged by itself.
        onpointerdown: (/** @type {Event} */ event) => item.setAttribute("draggable", String(!locked && !(/** @type {HTMLElement} */ (event.target).closest("input, select")))),
        ondragstart: (/** @type {DragEvent} */ event) => {
          dragged = index;
          item.classList.add("dragged");
          event.dataTransfer?.setData("text/plain", name); // without which Firefox drags nothing
        },
        ondragend: () => {
          dragged = null;
          draw();
        },
        ondragover: (/** @type {DragEvent} */ event) => {
          if (dragged === null) return; // a file from outside
          event.preventDefault();
          item.dataset.over = dragged < index ? "after" : "before";
        },
        ondragleave: () => delete item.dataset.over,
        ondrop: (/** @type {Event} */ event) => {
          if (dragged === null) return;
          event.preventDefault();
          carry(dragged, index);
        },
        onclick: (/** @type {Event} */ event) => {
          if (!(/** @type {HTMLElement} */ (event.target).closest("input, button, select"))) change({ layer: index, unit: -1 });
        },
      },
      make(
        "div",
        { class: "card-head" },
        make("button", { type: "button", class: "pick", "data-keep": `pick-${index}`, "aria-pressed": String(state.layer === index), onclick: () => change({ layer: index, unit: -1 }) }, name),
        move(-1, "←", "studio.design.left"),
        move(1, "→", "studio.design.right"),
        make("button", { type: "button", class: "icon", "aria-label": say("studio.design.remove", { number: index + 1 }), title: say("studio.design.remove", { number: index + 1 }), disabled: locked, onclick: () => set(hidden().filter((_, place) => place !== index)) }, "×"),
      ),
      make("div", { class: "units" }, number, make("span", {}, say("studio.design.unit"))),
      range,
      make(
        "div",
        { class: "how" },
        list("activation", ACTIVATIONS, String),
        list("dropout", DROPOUTS, (share) => say("studio.design.dropped", { share: String(Math.round(100 * share)) })),
      ),
      make("span", { class: "kernel-shape" }, layer ? `W ${shape([layer.features, layer.units])}` : ""),
    );
    return item;
  }

  let last = "";
  onChange((now) => {
    const key = JSON.stringify([now.hidden, now.layer, now.activation, now.dropout, now.server?.data?.name, layersOf(now), busy(now)]);
    if (key === last || dragged !== null) return;
    last = key;
    draw();
  });
}

/** @param {Hidden[]} layers */
function set(layers) {
  change({ ...designed(layers), layer: Math.min(state.layer, layers.length) });
}

/** @param {number} index @param {Partial<Hidden>} what */
function put(index, what) {
  set(hidden().map((own, place) => (place === index ? { ...own, ...what } : own)));
}

/** @param {number} index @param {number} units */
function widen(index, units) {
  if (Number.isFinite(units)) put(index, { units: Math.min(MOST_UNITS, Math.max(1, Math.round(units))) });
}

/** Take a layer out and put it in at another place. @param {number} from @param {number} to */
function carry(from, to) {
  const layers = hidden();
  layers.splice(to, 0, ...layers.splice(from, 1));
  change({ ...designed(layers), layer: to });
}
