// A layer, a number of records and a convention → where X, W, b and Y stand, one number a square, before any scale.

export const UNKNOWN = 56; // how long an axis is drawn whose length nobody knows yet
export const LONGEST = 128; // records that the drawing leaves room for, so that the scale does not depend on them

/**
 * `x` and `y` are numbers from the left and the top; `right` and `down` the gaps that lie before, which have no scale.
 * @typedef {{id: "X" | "W" | "b" | "Y", name: string, rows: number, columns: number, x: number, y: number,
 *   right: number, down: number, axes: [Axis, Axis], sizes: (number | null)[], open: "" | "down" | "across"}} Placed
 * @typedef {"records" | "features" | "units" | "one"} Axis
 */

/**
 * In each convention the two sides that touch have the same length: what is multiplied and added up.
 * @param {import("./store.js").Convention} convention @param {import("./store.js").View} view
 * @param {number} batch @param {number} features @param {number} units
 * @returns {{arrays: Placed[], width: number, height: number}} width and height in numbers, beside two gaps each
 */
export function layout(convention, view, batch, features, units) {
  const records = view === "designed" ? UNKNOWN : view === "record" ? 1 : batch;
  const known = view === "designed" ? null : records;
  const columns = convention === "columns";
  const open = view !== "designed" ? "" : columns ? "across" : "down";
  const long = { records, features, units, one: 1 };
  const told = { records: known, features, units, one: 1 };
  /** @type {(id: Placed["id"], name: string, axes: [Axis, Axis], x: number, y: number, right: number, down: number) => Placed} */
  const place = (id, name, axes, x, y, right, down) => {
    let sizes = /** @type {(number | null)[]} */ (axes.map((axis) => told[axis]));
    // One record is a line without an axis of records; so is a bias, unless records stand in columns.
    if (id === "b" && !columns) sizes = [units];
    else if (id !== "b" && view === "record" && axes.includes("records")) sizes = sizes.filter((_, axis) => axes[axis] !== "records");
    return { id, name, axes, x, y, right, down, rows: long[axes[0]], columns: long[axes[1]], sizes, open: axes.includes("records") ? open : "" };
  };
  if (columns) {
    return {
      arrays: [
        place("X", "X", ["features", "records"], features, 0, 2, 0),
        place("W", "W", ["units", "features"], 0, features, 0, 2),
        place("b", "b", ["units", "one"], features, features, 1, 2),
        place("Y", "Y", ["units", "records"], features, features, 2, 2),
      ],
      width: features + LONGEST,
      height: features + units,
    };
  }
  const torch = convention === "torch";
  const above = torch ? units : features;
  return {
    arrays: [
      place("X", "X", ["records", "features"], 0, above, 0, 2),
      torch ? place("W", "weight", ["units", "features"], 0, 0, 0, 0) : place("W", "W", ["features", "units"], features, 0, 2, 0),
      place("b", torch ? "bias" : "b", ["one", "units"], features, above, 2, 1),
      place("Y", "Y", ["records", "units"], features, above, 2, 2),
    ],
    width: features + units,
    height: above + LONGEST,
  };
}

/** The layer as its convention writes it, in shapes. @param {Placed[]} arrays @param {import("./store.js").Convention} convention @param {(sizes: (number | null)[]) => string} shape */
export function equation(arrays, convention, shape) {
  const of = (/** @type {string} */ id) => shape(/** @type {Placed} */ (arrays.find((one) => one.id === id)).sizes);
  if (convention === "columns") return `${of("W")} · ${of("X")} + ${of("b")} → ${of("Y")}`;
  return `${of("X")} · ${of("W")}${convention === "torch" ? "ᵀ" : ""} + ${of("b")} → ${of("Y")}`;
}
