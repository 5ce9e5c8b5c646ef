// One state, changed in one place; every scene draws itself from it anew.

/**
 * @typedef {"data" | "network" | "learning" | "understanding"} Chapter
 * @typedef {"designed" | "record" | "batch"} View
 * @typedef {"keras" | "torch" | "columns"} Convention
 * @typedef {{name: string, features: number, units: number, activation: string}} Layer
 *
 * @typedef {object} Story a training, as the server tells it
 * @property {string} phase
 * @property {number} number
 * @property {Record<string, any>} settings
 * @property {string} engine
 * @property {number} records
 * @property {number} epochs
 * @property {Record<string, number>[]} curve
 * @property {number} parameters
 * @property {number[][]} confusion
 * @property {number} sampled
 * @property {number} best
 * @property {boolean} interrupted
 * @property {number[]} diverged the epoch in which it went wrong and its loss; empty where it did not
 * @property {[number, number | null, number | null][]} within epochs done, loss, and accuracy or error, of the records since the point before
 * @property {number} looks how often the server has looked into the model
 * @property {Record<string, number>} test
 * @property {number} seconds
 * @property {string} message
 * @property {string[]} warnings
 *
 * @typedef {object} Data the records, as the server tells of them
 * @property {string} name
 * @property {{en: string, ko: string}} origin
 * @property {"pictures" | "table" | "arrays"} kind
 * @property {string} task
 * @property {number[]} shape
 * @property {boolean} bytes
 * @property {number} white
 * @property {number} train
 * @property {number} test
 * @property {{en: string[], ko: string[]}} classes
 * @property {string[]} targets
 * @property {string[]} features
 * @property {number} wide how many features a table's columns become
 * @property {import("./table.js").Column[]} columns
 * @property {{name: string, levels: string[], low: number | null, high: number | null}[]} inputs
 * @property {number[]} counts
 * @property {number[][]} samples
 *
 * @typedef {{data: Data | null, loading: boolean, failed: string, story: Story, before: Pick<Story, "number" | "settings" | "curve" | "best" | "test" | "diverged"> | null, layers: Layer[], kept: string, notes: string[],
 *   offered: {name: string, records: number, columns: import("./table.js").Column[]} | null}} Server
 */

export const state = {
  lang: "en",
  theme: "",
  projector: false,
  question: 0,
  /** @type {Chapter} */ chapter: "data",
  /** @type {View} */ view: "designed",
  /** @type {Convention} */ convention: "keras",
  /** whether the circles of the picture lie down */ lying: false,
  /** @type {"X" | "W" | "b" | "Y"} the array whose numbers stand beside the drawing */ array: "X",
  layer: 0,
  unit: -1,
  record: 0,
  /** @type {Uint8Array | Float32Array | null} a record that was drawn, in place of a test record */ drawn: null,
  /** what was done to a picture that is looked at */ looked: "",
  /** units of each hidden layer, and its activation and dropout */
  hidden: [100, 30],
  activation: ["relu", "relu"],
  dropout: [0, 0],
  rate: 0.001,
  batch: 32,
  epochs: 10,
  seed: 0,
  /** @type {Server | null} */ server: null,
  /** whether the server answers */ alive: true,
  problem: "",
};

/** @typedef {typeof state} State */

/** @type {((now: State, before: State) => void)[]} */
const drawers = [];
let planned = false;
let drawn = { ...state };

/** Draw with each change: at most once a frame. @param {(now: State, before: State) => void} draw */
export function onChange(draw) {
  drawers.push(draw);
}

/** @type {(() => void)[]} */
const hurried = [];

/** Be told of another drawn record at once, before the frame: a stroke shall not wait for it. @param {() => void} look */
export function onStroke(look) {
  hurried.push(look);
}

/** Forget who draws: the page is about to be built anew, in another language. */
export function forgetDrawers() {
  drawers.length = 0;
  hurried.length = 0;
}

/** @type {[(now: State) => boolean, () => void][]} */
let awaited = [];

/** As soon as this is so. @param {(now: State) => boolean} test @returns {Promise<void>} */
export const until = (test) => new Promise((go) => (test(state) ? go() : awaited.push([test, go])));

/** @param {Partial<State>} patch */
export function change(patch) {
  Object.assign(state, patch);
  awaited = awaited.filter(([test, go]) => !test(state) || (go(), false));
  if (patch.drawn) for (const look of hurried) look();
  if (planned) return;
  planned = true;
  requestAnimationFrame(() => {
    planned = false;
    const before = drawn;
    drawn = { ...state };
    for (const draw of drawers) draw(state, before);
  });
}

/** The numbers that a record of the data has. @param {Data} data */
export const featuresOf = (data) => data.shape.reduce((product, size) => product * size, 1);

/** What the last layer has to say something about. @param {Data} data */
export const outputsOf = (data) => data.classes.en.length || data.targets.length || 1;

/**
 * The Dense layers as designed; those of the model where they are the same, whose features a table's may exceed.
 * @param {State} now @returns {Layer[]}
 */
export function layersOf(now) {
  const data = now.server?.data;
  if (!data) return [];
  const widths = [...now.hidden, outputsOf(data)];
  const own = now.server?.layers ?? [];
  if (fits(now)) return own;
  let features = own[0]?.features ?? (data.wide || featuresOf(data));
  return widths.map((units, index) => {
    const last = index === widths.length - 1;
    const ends = { classification: "softmax", multilabel: "sigmoid" }[data.task] ?? "linear";
    const activation = last ? ends : now.activation[index];
    const layer = { name: last ? "classes" : `hidden_${index + 1}`, features, units, activation };
    features = units;
    return layer;
  });
}

/** The question about the table of houses: two columns, one price. @type {Layer} */
export const HOUSES = { name: "price", features: 2, units: 1, activation: "linear" };
const ABOUT_HOUSES = 10;

/** The layer whose shapes are drawn. @param {State} now @returns {Layer | undefined} */
export function shownLayer(now) {
  if (now.question === ABOUT_HOUSES) return HOUSES;
  const layers = layersOf(now);
  return layers[Math.min(now.layer, layers.length - 1)];
}

/**
 * What each hidden layer has: the same, or its own; what is missing is that of the layer before.
 * @template T @param {T | T[] | undefined} value @param {number} layers @param {T} usual @returns {T[]}
 */
export function ofEach(value, layers, usual) {
  const given = value === undefined ? [] : Array.isArray(value) ? value : [value];
  return Array.from({ length: layers }, (_, index) => given[index] ?? given.at(-1) ?? usual);
}

/** Other hidden layers. @param {{units: number, activation: string, dropout: number}[]} layers @returns {Partial<State>} */
export const designed = (layers) => ({ hidden: layers.map((one) => one.units), activation: layers.map((one) => one.activation), dropout: layers.map((one) => one.dropout), unit: -1 });

/** Whether there is a model, and it has the widths that are designed. @param {State} now */
export function fits(now) {
  if (now.question === ABOUT_HOUSES) return false;
  const own = now.server?.layers ?? [];
  return own.length === now.hidden.length + 1 && now.hidden.every((units, index) => units === own[index].units);
}

/** @param {State} now */
export const busy = (now) => ["beginning", "training", "paused", "measuring"].includes(now.server?.story.phase ?? "");
