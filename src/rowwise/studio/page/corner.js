// The corner of an array as numbers, with its axes: rows go down, columns go across, both are counted from 0.
import { fill, make } from "./dom.js";
import { count, say } from "./words.js";

const ROWS = 3; // from the beginning, beside the last
const COLUMNS = 3;

/** Two decimals, or none where there is nothing behind them. @param {number | undefined} value */
export const short = (value) => (value === undefined || !Number.isFinite(value) ? "" : String(Number(value.toFixed(2))).replace("-", "−"));

/**
 * The places that are shown of an axis; -1 stands for those between.
 * @param {number} length @param {number} first how many from the beginning @param {(number | undefined)[]} more others
 */
export function places(length, first, more) {
  const wanted = [...Array(Math.min(first, length)).keys(), ...more.filter((one) => one !== undefined && one >= 0 && one < length), length - 1];
  const sorted = [...new Set(/** @type {number[]} */ (wanted))].sort((one, other) => one - other);
  return sorted.flatMap((place, index) => (index && place > sorted[index - 1] + 1 ? (place === sorted[index - 1] + 2 ? [place - 1, place] : [-1, place]) : [place]));
}

/**
 * @param {HTMLTableElement} table
 * @param {import("./layout.js").Placed} one
 * @param {((row: number, column: number) => number | undefined) | null} value of a row and column as they are drawn
 * @param {{row?: number, column?: number, interesting?: number, names?: string[]}} at the cell that is marked, a column to be seen, names of columns
 */
export function drawCorner(table, one, value, at) {
  const flat = one.sizes.length === 1;
  const unknown = (/** @type {0 | 1} */ axis) => Boolean(one.open) && one.axes[axis] === "records";
  const across = flat && one.rows > one.columns;
  const lengths = flat ? [1, Math.max(one.rows, one.columns)] : [unknown(0) ? ROWS + 1 : one.rows, unknown(1) ? COLUMNS + 1 : one.columns];
  const rows = places(lengths[0], ROWS, [flat ? undefined : at.row]);
  const inside = one.axes[1] === "features" || (flat && one.axes.includes("features")) ? [at.interesting, at.interesting === undefined ? undefined : at.interesting + 1] : [];
  const columns = places(lengths[1], COLUMNS, [flat ? Math.max(at.row ?? -1, at.column ?? -1) : at.column, ...inside]);
  const open = (/** @type {0 | 1} */ axis, /** @type {number} */ place) => unknown(axis) && place === lengths[axis] - 1;
  const name = (/** @type {string} */ axis) => (axis === "one" ? "" : say(`studio.corner.${axis}`));
  const columnAxis = flat ? one.axes.find((axis) => axis !== "one" && axis !== "records") ?? one.axes[1] : one.axes[1];
  const head = columns.map((column) => make("th", { scope: "col" }, column < 0 ? "…" : open(1, column) ? "None" : (at.names?.[column] ?? String(column))));
  const body = rows.map((row) =>
    make(
      "tr",
      {},
      ...(flat ? [] : [make("th", { scope: "row" }, row < 0 ? "⋮" : open(0, row) ? "None" : `${name(one.axes[0])} ${row}`)]),
      ...columns.map((column) => {
        const none = row < 0 || column < 0 || open(0, row) || open(1, column);
        const found = none || !value ? undefined : across ? value(column, row) : value(row, column);
        const marked = column < 0 ? false : flat ? column === Math.max(at.row ?? -1, at.column ?? -1) : row === at.row && column === at.column;
        return make("td", { class: `${marked ? "marked" : ""} ${none ? "soft" : ""}` }, none ? (column < 0 ? "…" : "⋮") : found === undefined ? "·" : short(found));
      }),
    ),
  );
  const length = (/** @type {0 | 1} */ axis) => (unknown(axis) ? "None" : count(lengths[axis]));
  const axisWords = (/** @type {number} */ number, /** @type {string} */ axis, /** @type {string} */ many) => say(`studio.corner.${flat ? "only" : number ? "across" : "down"}`, { name: name(axis), many });
  fill(
    table,
    make("caption", {}, make("span", {}, axisWords(1, columnAxis, flat ? count(lengths[1]) : length(1)))),
    make("thead", {}, make("tr", {}, ...(flat ? [] : [make("td", {})]), ...head)),
    make("tbody", {}, ...body),
    ...(flat ? [] : [make("tfoot", {}, make("tr", {}, make("td", { colspan: columns.length + 1 }, one.axes[0] === "one" ? "" : axisWords(0, one.axes[0], length(0)))))]),
  );
}
