// Numbers → pixels: records as they are, weights from negative to positive, activations from nothing to much.
import { make } from "./dom.js";

/** @typedef {[number, number, number]} Colour */

/** @type {Map<string, Colour>} */
let colours = new Map();

const STEPS = 255; // of a colour to either side of nothing

/** @type {Colour[] | null} the colours from -1 to 1, which thousands of weights take again and again */
let steps = null;

/** Forget the colours: light has become dark. */
export function forgetColours() {
  colours = new Map();
  steps = null;
}

/** A colour of the style sheet. @param {string} name @returns {Colour} */
export function colour(name) {
  let found = colours.get(name);
  if (!found) {
    const text = getComputedStyle(document.documentElement).getPropertyValue(`--rowwise-${name}`).trim();
    found = /** @type {Colour} */ ([1, 3, 5].map((place) => parseInt(text.slice(place, place + 2), 16) || 0));
    colours.set(name, found);
  }
  return found;
}

/** @param {Colour} from @param {Colour} to @param {number} share @returns {Colour} */
const between = (from, to, share) => /** @type {Colour} */ (from.map((part, index) => part + (to[index] - part) * share));

/** Of a value from 0 to 1: black to white, as the pixels mean it. @param {number} value @returns {Colour} */
export const grey = (value) => [255 * value, 255 * value, 255 * value];

/** Of a value from -1 to 1: blue, the ground, orange. @param {number} value @returns {Colour} */
export function signed(value) {
  steps ??= Array.from({ length: 2 * STEPS + 1 }, (_, step) => between(colour("card"), colour(step < STEPS ? "x-ink" : "w-ink"), Math.abs(step / STEPS - 1) ** 0.8));
  return steps[Math.round((Math.min(1, Math.max(-1, value)) + 1) * STEPS)] ?? steps[STEPS];
}

/** Of a value from 0 to 1: the ground to green. @param {number} value @returns {Colour} */
export const much = (value) => between(colour("card"), colour("y-ink"), Math.min(1, Math.max(0, value)) ** 0.7);

/** @param {Colour} parts */
export const css = ([red, green, blue]) => `rgb(${Math.round(red)} ${Math.round(green)} ${Math.round(blue)})`;

/**
 * Paint a matrix, one pixel a number.
 * @param {HTMLCanvasElement} canvas @param {number} rows @param {number} columns
 * @param {(row: number, column: number) => Colour} at
 */
export function paint(canvas, rows, columns, at) {
  if (canvas.width !== columns) canvas.width = columns;
  if (canvas.height !== rows) canvas.height = rows;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(columns, rows);
  let place = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const [red, green, blue] = at(row, column);
      image.data[place++] = red;
      image.data[place++] = green;
      image.data[place++] = blue;
      image.data[place++] = 255;
    }
  }
  context.putImageData(image, 0, 0);
}

/** Height, width and channels of a picture. @param {number[]} shape */
export const sizes = (shape) => ({ height: shape[0], width: shape[1], channels: shape[2] ?? 1 });

/**
 * A record as a picture. @param {HTMLCanvasElement} canvas @param {ArrayLike<number>} record
 * @param {import("./store.js").Data} data
 */
export function paintRecord(canvas, record, data) {
  const { height, width, channels } = sizes(data.shape);
  const at = (/** @type {number} */ place) => (255 * record[place]) / data.white;
  paint(canvas, height, width, (row, column) => {
    const place = (row * width + column) * channels;
    return channels === 3 ? [at(place), at(place + 1), at(place + 2)] : [at(place), at(place), at(place)];
  });
}

/**
 * A number for each feature as a picture of the record's form, from negative to positive.
 * @param {HTMLCanvasElement} canvas @param {(feature: number) => number} at @param {number[]} shape @param {number} limit
 */
export function paintSigned(canvas, at, shape, limit) {
  const { height, width, channels } = sizes(shape);
  paint(canvas, height, width, (row, column) => {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += at((row * width + column) * channels + channel);
    return signed(sum / (limit || 1));
  });
}

/** Where a picture among others begins, and the pixels of all. @typedef {{across: number, width: number, height: number, wide: number, high: number}} Sheet */

const BETWEEN = 2; // pixels between two pictures

/** So many pictures of a record's form, `across` beside one another. @param {number} many @param {number} across @param {number[]} shape @returns {Sheet} */
export function sheetOf(many, across, shape) {
  const { height, width } = sizes(shape);
  return { across, width, height, wide: Math.min(many, across) * (width + BETWEEN) - BETWEEN, high: Math.ceil(many / across) * (height + BETWEEN) - BETWEEN };
}

/** The pixel of the upper left corner of one of them. @param {Sheet} sheet @param {number} place */
export const cornerOf = (sheet, place) => ({ left: (place % sheet.across) * (sheet.width + BETWEEN), top: Math.floor(place / sheet.across) * (sheet.height + BETWEEN) });

/**
 * The kernels of units as pictures on one canvas: many small ones would be put together anew with every frame.
 * @param {HTMLCanvasElement} canvas @param {Sheet} sheet @param {Float32Array} kernel `(features, units)`
 * @param {{units: number, many: number, channels: number, limit: number}} of how many units it has, and how many are drawn
 */
export function paintKernels(canvas, sheet, kernel, { units, many, channels, limit }) {
  if (canvas.width !== sheet.wide) canvas.width = sheet.wide;
  if (canvas.height !== sheet.high) canvas.height = sheet.high;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(sheet.wide, sheet.high);
  for (let unit = 0; unit < many; unit++) {
    const { left, top } = cornerOf(sheet, unit);
    for (let pixel = 0; pixel < sheet.width * sheet.height; pixel++) {
      let sum = 0;
      for (let channel = 0; channel < channels; channel++) sum += kernel[(pixel * channels + channel) * units + unit];
      const inked = signed(sum / (limit || 1));
      const place = 4 * ((top + Math.floor(pixel / sheet.width)) * sheet.wide + left + (pixel % sheet.width));
      image.data[place] = inked[0];
      image.data[place + 1] = inked[1];
      image.data[place + 2] = inked[2];
      image.data[place + 3] = 255;
    }
  }
  context.putImageData(image, 0, 0);
}

/** The largest, whatever its sign. @param {ArrayLike<number>} values @param {number} [from] @param {number} [to] */
export function largest(values, from = 0, to = values.length) {
  let most = 1e-12;
  for (let place = from; place < to; place++) most = Math.max(most, Math.abs(values[place]));
  return most;
}

/** @param {string} [kind] */
export const canvas = (kind = "") => make("canvas", { class: kind, width: 1, height: 1 });
