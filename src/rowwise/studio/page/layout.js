// A layer, a number of records and a convention → where X, W, b and Y stand, one number a square, before any scale.

export const GAP = 44; // numbers between two arrays
export const THIN = 1;
export const UNKNOWN = 56; // how long an axis is drawn whose length nobody knows yet
export const LONGEST = 128; // records that the drawing leaves room for, so that the scale does not depend on them

/**
 * @typedef {{id: "X" | "W" | "b" | "Y", name: string, rows: number, columns: number, x: number, y: number,
 *   axes: [Axis, Axis], sizes: (number | null)[], open: "" | "down" | "across"}} Placed
 * @typedef {"records" | "features" | "units" | "one"} Axis
 */

/**
 * In each convention the two sides that touch have the same length: what is multiplied and added up.
 * @param {import("./store.js").Convention} convention @param {import("./store.js").View} view
 * @param {number} batch @param {number} features @param {number} units
 * @returns {{arrays: Placed[], width: number, height: number}}
 */
export function layout(convention, view, batch, features, units) {
  const records = view === "designed" ? UNKNOWN : view === "record" ? 1 : batch;
  const known = view === "designed" ? null : view === "record" ? 1 : batch;
  const open = view === "designed" ? "down" : "";
  const one = view === "record";
  /** @type {(id: Placed["id"], name: string, axes: [Axis, Axis], x: number, y: number, more?: object) => Placed} */
  const place = (id, name, axes, x, y, more = {}) => {
    const long = { records, features, units, one: THIN };
    const told = { records: known, features, units, one: 1 };
    const sizes = /** @type {(number | null)[]} */ (axes.map((axis) => told[axis]));
    return { id, name, axes, x, y, rows: long[axes[0]], columns: long[axes[1]], sizes, open: "", ...more };
  };
  const flat = (/** @type {Placed} */ placed, /** @type {number} */ axis) => ({ ...placed, sizes: one ? [placed.sizes[axis]] : placed.sizes });
  const bias = (/** @type {Placed} */ placed) => ({ ...placed, sizes: [units] });
  const room = Math.max(GAP, 0.06 * (features + units));
  if (convention === "keras") {
    const right = features + room;
    const below = features + room;
    return {
      arrays: [
        flat(place("X", "X", ["records", "features"], 0, below, { open }), 1),
        place("W", "W", ["features", "units"], right, 0),
        bias(place("b", "b", ["one", "units"], right, below - room / 2)),
        flat(place("Y", "Y", ["records", "units"], right, below, { open }), 1),
      ],
      width: right + units,
      height: below + LONGEST,
    };
  }
  if (convention === "torch") {
    const right = features + room;
    const below = units + room;
    return {
      arrays: [
        flat(place("X", "X", ["records", "features"], 0, below, { open }), 1),
        place("W", "weight", ["units", "features"], 0, 0),
        bias(place("b", "bias", ["one", "units"], right, below - room / 2)),
        flat(place("Y", "Y", ["records", "units"], right, below, { open }), 1),
      ],
      width: right + units,
      height: below + LONGEST,
    };
  }
  const right = features + room;
  const below = features + room;
  const across = open ? "across" : "";
  return {
    arrays: [
      flat(place("X", "X", ["features", "records"], right, 0, { open: across }), 0),
      place("W", "W", ["units", "features"], 0, below),
      place("b", "b", ["units", "one"], right - room / 2, below),
      flat(place("Y", "Y", ["units", "records"], right, below, { open: across }), 0),
    ],
    width: right + LONGEST,
    height: below + units,
  };
}

/** The layer as its convention writes it, in shapes. @param {Placed[]} arrays @param {import("./store.js").Convention} convention @param {(sizes: (number | null)[]) => string} shape */
export function equation(arrays, convention, shape) {
  const of = (/** @type {string} */ id) => shape(/** @type {Placed} */ (arrays.find((one) => one.id === id)).sizes);
  if (convention === "columns") return `${of("W")} · ${of("X")} + ${of("b")} → ${of("Y")}`;
  return `${of("X")} · ${of("W")}${convention === "torch" ? "ᵀ" : ""} + ${of("b")} → ${of("Y")}`;
}
