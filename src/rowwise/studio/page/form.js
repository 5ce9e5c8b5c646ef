// A table's record as a form: change a value, and what the network says changes with it.
import { fill, make, write } from "./dom.js";
import { change, state } from "./store.js";
import { valueText } from "./table.js";
import { say } from "./words.js";

/** @param {HTMLElement} place */
export function buildForm(place) {
  const fields = make("div", { class: "form" });
  const back = make("button", { type: "button", class: "quiet", onclick: () => change({ drawn: null }) }, say("studio.pad.back"));
  place.append(fields, make("div", { class: "controls" }, back));
  let made = "";
  /** @type {((record: ArrayLike<number>) => void)[]} */ let shows = [];
  /** @type {Float32Array} */ let current = new Float32Array();

  /** @param {number} input @param {number} value */
  function set(input, value) {
    const record = Float32Array.from(current);
    record[input] = value;
    change({ drawn: record });
  }

  /** @param {import("./store.js").Data} data */
  function build(data) {
    shows = [];
    fill(
      fields,
      ...data.inputs.map((one, input) => {
        const words = make("output", {});
        if (one.levels.length) {
          const select = make("select", { onchange: () => set(input, select.value === "" ? NaN : Number(select.value)) }, make("option", { value: "" }, say("studio.table.missing")), ...one.levels.map((level, number) => make("option", { value: number }, level)));
          shows.push((record) => (select.value = Number.isNaN(record[input]) ? "" : String(record[input])));
          return make("label", {}, make("span", {}, one.name), select);
        }
        const low = one.low ?? 0;
        const high = one.high ?? 1;
        const range = make("input", { type: "range", min: low, max: high, step: (high - low) / 200 || 1, oninput: () => set(input, Number(range.value)) });
        shows.push((record) => {
          range.value = String(record[input]);
          write(words, valueText(data, input, record[input]));
        });
        return make("label", {}, make("span", {}, one.name), range, words);
      }),
    );
  }

  return {
    /** @param {ArrayLike<number>} record @param {import("./store.js").Data} data */
    show(record, data) {
      const key = `${data.name} ${data.features.join()} ${state.lang}`;
      if (key !== made) build(data);
      made = key;
      current = Float32Array.from(record);
      for (const show of shows) show(record);
      back.hidden = !state.drawn;
    },
  };
}
