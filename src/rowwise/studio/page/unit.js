// One unit for one record: its kernel beside it, the products that weigh most, their sum, the bias, the activation.
import { fill, make } from "./dom.js";
import { canvas, largest, paintRecord, paintSigned } from "./paint.js";
import { trace, weights } from "./server.js";
import { state } from "./store.js";
import { count, figure, say } from "./words.js";

const SHOWN = 8; // products

/**
 * @param {HTMLElement} place @param {Uint8Array | Float32Array} record @param {number} layer @param {number} unit
 */
export async function drawUnit(place, record, layer, unit) {
  const data = state.server?.data;
  const own = state.server?.layers[layer];
  if (!data || !own || unit < 0 || unit >= own.units) {
    fill(place, make("p", { class: "soft" }, say("studio.unit.none")));
    return;
  }
  const [found, kernel] = await Promise.all([trace(record, layer, unit), weights(layer)]);
  const weight = (/** @type {number} */ feature) => kernel[feature * own.units + unit];
  const parts = [];
  if (layer === 0 && data.kind === "pictures") {
    const scale = 1 / data.white;
    const limit = largest(Array.from({ length: own.features }, (_, feature) => weight(feature)));
    const products = Array.from({ length: own.features }, (_, feature) => weight(feature) * record[feature] * scale);
    const one = (/** @type {string} */ key, /** @type {(tile: HTMLCanvasElement) => void} */ draw) => {
      const tile = canvas("record");
      draw(tile);
      return make("figure", {}, tile, make("figcaption", {}, say(key)));
    };
    parts.push(
      make(
        "div",
        { class: "triple" },
        one("studio.unit.record", (tile) => paintRecord(tile, record, data)),
        make("span", { class: "sign" }, "×"),
        one("studio.unit.kernel", (tile) => paintSigned(tile, weight, data.shape, limit)),
        make("span", { class: "sign" }, "="),
        one("studio.unit.products", (tile) => paintSigned(tile, (feature) => products[feature], data.shape, largest(products))),
      ),
    );
  }
  const rows = found.largest.slice(0, SHOWN).map((/** @type {any} */ each, /** @type {number} */ index) =>
    make("tr", {}, make("th", { scope: "row" }, found.names[index]), ...[each.value, each.weight, each.product].map((value) => make("td", {}, figure(value)))),
  );
  const shown = found.largest.slice(0, SHOWN).reduce((/** @type {number} */ sum, /** @type {any} */ each) => sum + each.product, 0);
  const others = found.features - found.zeros - rows.length;
  const line = (/** @type {string} */ words, /** @type {number} */ value, kind = "") => make("tr", { class: kind }, make("th", { scope: "row", colspan: 3 }, words), make("td", {}, figure(value)));
  const same = Math.abs(found.value - found.model_value) <= 1e-4 * Math.max(1, Math.abs(found.model_value));
  parts.push(
    make(
      "table",
      { class: "products" },
      make("thead", {}, make("tr", {}, ...["feature", "value", "weight", "product"].map((name) => make("th", { scope: "col" }, say(`studio.unit.${name}`))))),
      make(
        "tbody",
        {},
        ...rows,
        ...(others > 0 ? [line(say("studio.unit.others", { count: others }), found.sum - shown)] : []),
        ...(found.zeros ? [line(say("studio.unit.zeros", { count: found.zeros }), 0)] : []),
        line(say("studio.unit.sum", { count: found.features }), found.sum, "sum"),
        line(say("studio.unit.bias"), found.bias),
        line(say("studio.unit.before"), found.sum + found.bias, "sum"),
        line(say(["softmax", "log_softmax"].includes(found.activation) ? "studio.unit.across" : "studio.unit.after", { activation: found.activation, units: count(found.units) }), found.value, "sum"),
        line(say("studio.unit.model"), found.model_value),
      ),
    ),
    make("p", { class: same ? "right" : "wrong" }, say(same ? "studio.unit.same" : "studio.unit.other")),
  );
  fill(place, ...parts);
}
