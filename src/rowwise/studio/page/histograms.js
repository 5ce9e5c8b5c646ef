// How the weights of each layer, and what it gives for a batch, are spread: bars that move while it learns.
import { fill, make, svg } from "./dom.js";
import { flow, newest, records, weights } from "./server.js";
import { sparingly } from "./sparing.js";
import { onChange, state } from "./store.js";
import { figure, say } from "./words.js";

const BINS = 30;
const WIDTH = 240;
const HEIGHT = 72;

/** @param {HTMLElement} place */
export function buildHistograms(place) {
  const rows = make("div", { class: "histograms" });
  place.append(make("h3", {}, say("studio.histograms.heading")), rows);

  const load = newest(async () => {
    const server = state.server;
    const data = server?.data;
    const layers = server?.layers ?? [];
    if (!data || !layers.length) return;
    const many = Math.min(state.batch, data.test);
    const x = await records(Array.from({ length: many }, (_, step) => (state.record + step) % data.test));
    const [given, ...kernels] = await Promise.all([flow(x), ...layers.map((_, index) => weights(index))]);
    let from = 0;
    const drawn = layers.map((layer, index) => {
      const own = given.subarray(from, from + many * layer.units);
      from += many * layer.units;
      return make("div", { class: "histogram-row" }, make("b", { class: "small" }, layer.name), bars("weights", kernels[index].subarray(0, layer.features * layer.units), "w"), bars("outputs", own, "y"));
    });
    fill(rows, ...drawn);
  });

  const ask = sparingly(place, load);
  let last = "";
  onChange((now) => {
    const server = now.server;
    place.hidden = !server?.layers.length;
    if (!server || now.chapter !== "learning") return;
    const key = `${server.story.number} ${server.story.looks} ${server.story.phase} ${server.layers.length} ${now.batch} ${now.record}`;
    if (key === last) return;
    last = key;
    ask();
  });
}

/** @param {"weights" | "outputs"} what @param {Float32Array} values @param {string} kind */
function bars(what, values, kind) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const span = high - low || 1;
  const counts = new Array(BINS).fill(0);
  for (const value of values) counts[Math.min(BINS - 1, Math.floor(((value - low) / span) * BINS))]++;
  const most = Math.max(...counts);
  const wide = WIDTH / BINS;
  const columns = counts.map((count, bin) => {
    const high = (HEIGHT - 4) * Math.sqrt(count / most); // so that the few far ones are seen beside the many zeros
    return svg("rect", { x: bin * wide + 0.5, y: HEIGHT - high, width: wide - 1, height: high, class: `bin ${kind}` });
  });
  const words = say(`studio.histograms.${what}`, { low: figure(low), high: figure(high) });
  return make("figure", {}, svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": words }, ...columns), make("figcaption", { class: "small soft" }, words));
}
