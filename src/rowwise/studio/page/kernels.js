// What each unit of the first layer looks for: its column of W as a picture, while it learns.
import { fill, make } from "./dom.js";
import { canvas, cornerOf, largest, paintKernels, sheetOf, sizes } from "./paint.js";
import { newest, weights } from "./server.js";
import { sparingly } from "./sparing.js";
import { change, onChange, state } from "./store.js";
import { say } from "./words.js";

const MOST = 200;
const MANY = 120; // units, from which on they are drawn smaller

/** @param {HTMLElement} place */
export function buildKernels(place) {
  const tiles = make("div", { class: "kernels", role: "group", "aria-label": say("studio.kernels.heading") });
  const words = make("p", { class: "soft small" }, say("studio.kernels.words"));
  const heading = make("h3", {}, say("studio.kernels.heading"));
  place.append(heading, words, tiles);
  const painted = canvas("record");
  let framed = "";

  /** Buttons above the picture, one a unit. @param {number} units @param {import("./paint.js").Sheet} sheet */
  function frame(units, sheet) {
    tiles.classList.toggle("many", units > MANY);
    tiles.style.setProperty("--across", String(Math.min(units, sheet.across)));
    const part = (/** @type {number} */ pixels, /** @type {number} */ all) => `${((100 * pixels) / all).toFixed(3)}%`;
    const buttons = Array.from({ length: units }, (_, unit) => {
      const words = say("studio.kernels.unit", { unit: String(unit) });
      const button = make("button", { type: "button", class: "tile", "aria-label": words, title: words, onclick: () => change({ layer: 0, unit, chapter: "understanding" }) });
      const { left, top } = cornerOf(sheet, unit);
      Object.assign(button.style, { left: part(left, sheet.wide), top: part(top, sheet.high), width: part(sheet.width, sheet.wide), height: part(sheet.height, sheet.high) });
      return button;
    });
    fill(tiles, painted, ...buttons);
  }

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
    const many = Math.min(layer.units, MOST);
    const sheet = sheetOf(many, many > MANY ? 20 : 10, data.shape);
    const form = `${many} ${data.shape}`;
    if (form !== framed) frame(many, sheet);
    framed = form;
    const limit = largest(kernel, 0, layer.features * layer.units) * 0.5;
    paintKernels(painted, sheet, kernel, { units: layer.units, many, channels: sizes(data.shape).channels, limit });
  });

  const ask = sparingly(place, load);
  let last = "";
  onChange((now) => {
    const story = now.server?.story;
    if (!story || now.chapter !== "learning") return;
    const key = `${story.number} ${story.looks} ${story.phase} ${now.server?.layers.length} ${now.server?.data?.name}`;
    if (key === last) return;
    last = key;
    if (now.server?.layers.length) ask();
    else place.hidden = true;
  });
}
