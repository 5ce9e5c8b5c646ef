// What each unit of the first layer looks for: its column of W as a picture, while it learns.
import { fill, make } from "./dom.js";
import { canvas, largest, paintSigned } from "./paint.js";
import { newest, weights } from "./server.js";
import { change, onChange, state } from "./store.js";
import { say } from "./words.js";

const MOST = 200;

/** @param {HTMLElement} place */
export function buildKernels(place) {
  const tiles = make("div", { class: "kernels", role: "group", "aria-label": say("studio.kernels.heading") });
  const words = make("p", { class: "soft small" }, say("studio.kernels.words"));
  const heading = make("h3", {}, say("studio.kernels.heading"));
  place.append(heading, words, tiles);
  /** @type {HTMLCanvasElement[]} */ let painted = [];

  const load = newest(async () => {
    const data = state.server?.data;
    const layer = state.server?.layers[0];
    if (!data || !layer || data.kind !== "pictures") {
      place.hidden = true;
      return;
    }
    const kernel = await weights(0);
    if (kernel.length !== (layer.features + 1) * layer.units) return;
    place.hidden = false;
    const units = Math.min(layer.units, MOST);
    if (painted.length !== units) {
      tiles.classList.toggle("many", units > 120);
      painted = Array.from({ length: units }, () => canvas("record"));
      fill(
        tiles,
        ...painted.map((tile, unit) =>
          make("button", { type: "button", class: "tile", "aria-label": say("studio.kernels.unit", { unit: String(unit) }), title: say("studio.kernels.unit", { unit: String(unit) }), onclick: () => change({ layer: 0, unit, chapter: "understanding" }) }, tile),
        ),
      );
    }
    const limit = largest(kernel, 0, layer.features * layer.units) * 0.5;
    painted.forEach((tile, unit) => paintSigned(tile, (feature) => kernel[feature * layer.units + unit], data.shape, limit));
  });

  let last = "";
  onChange((now) => {
    const story = now.server?.story;
    if (!story || now.chapter !== "learning") return;
    const key = `${story.number} ${story.looks} ${story.phase} ${now.server?.layers.length} ${now.server?.data?.name}`;
    if (key === last) return;
    last = key;
    if (now.server?.layers.length) load();
    else place.hidden = true;
  });
}
