// X, W, b and Y of the chosen layer, drawn to scale: what changes moves, what does not stands still.
import { drawCorner } from "./corner.js";
import { choice, fill, make, write } from "./dom.js";
import { equation, layout } from "./layout.js";
import { canvas, colour, largest, much, paint, signed } from "./paint.js";
import { flow, newest, prepared, records, weights } from "./server.js";
import { change, fits, HOUSES, layersOf, onChange, shownLayer, state } from "./store.js";
import { count, figure, say, shape } from "./words.js";

/** @typedef {import("./layout.js").Placed} Placed */
/** @typedef {{box: HTMLElement, canvas: HTMLCanvasElement, label: HTMLElement, down: HTMLElement, across: HTMLElement}} Shown */

const THINNEST = 3; // pixels, so that one row can be seen
const LEFT = 46; // pixels before the first array, for what is written beside it in letters of `LETTERS`
const TOP = 34;
const GAP = 36; // pixels, of which two lie between arrays
const LABEL = 104; // pixels of a name and a shape, which stand above an array
const LETTERS = 15; // pixels
const LOWEST = 560; // pixels of height that drawing and words need

const HIGHEST = 760;
const NARROWEST = 400; // pixels that the words need to stand within the drawing
const ABOUT_ALL = 9; // the question about the next layers
const WIDE = 860; // pixels that the drawing and words beside it need
const LIKELY = [1, 32, 60000]; // records that may come at once
/** @type {Record<number, number[]>} the houses of the page of questions: rooms, and the share of the poor */
const HOUSES_SEEN = { 0: [7.2, 5.8], 1: [5.3, 22.2], 2: [4.2, 16.7], 31: [5.9, 18.2] };

/** @param {HTMLElement} place */
export function buildLedger(place) {
  const stage = make("div", { class: "stage" });
  const words = make("div", { class: "ledger-words" });
  const formula = make("p", { class: "formula" });
  const arithmetic = make("p", { class: "arithmetic" });
  const still = make("p", { class: "soft" });
  const caption = make("p", { class: "caption", "aria-live": "polite" });
  const equations = make("ol", { class: "equations" });
  const which = choice(say("studio.corner"), [["X", "X"], ["W", "W"], ["b", "b"], ["Y", "Y"]], (array) => change({ array }));
  const corner = make("table", { class: "corner" });
  words.append(formula, arithmetic, still, equations, make("div", { class: "corner-room" }, make("div", { class: "corner-head" }, make("b", {}, say("studio.corner")), which.element), make("div", { class: "scrolls" }, corner)), caption);
  const mark = make("div", { class: "row-mark", "aria-hidden": "true", hidden: true });
  const column = make("div", { class: "row-mark", "aria-hidden": "true", hidden: true });
  stage.append(mark, column);
  place.append(words, stage);

  /** @type {Record<string, Shown>} */ const shown = {};
  for (const id of ["X", "W", "b", "Y"]) {
    const box = make("div", { class: `array ${id.toLowerCase()}`, role: "img", tabindex: "0" });
    const painted = canvas();
    const label = make("span", { class: "shape-label" });
    const down = make("span", { class: "axis down" });
    const across = make("span", { class: "axis across" });
    box.append(painted, label, down, across);
    shown[id] = { box, canvas: painted, label, down, across };
    stage.append(box);
    box.addEventListener("pointermove", (event) => point(id, event));
    box.addEventListener("pointerleave", () => point("", null));
    box.addEventListener("focus", () => write(caption, axesOf(id)));
    box.addEventListener("blur", () => write(caption, hint()));
    box.addEventListener("click", (event) => pick(id, event));
  }

  let placed = /** @type {Placed[]} */ ([]);
  let scale = 1;
  /** @type {{x: (Uint8Array | Float32Array)[], kernel: Float32Array | null, y: Float32Array | null, front: Float32Array | null}} */
  let numbers = { x: [], kernel: null, y: null, front: null };

  /** @type {{id: string, row?: number, column?: number}} the cell under the pointer */ let over = { id: "" };

  const hint = () => say(state.convention === "keras" ? "studio.ledger.hover" : "studio.ledger.hover.row");
  const find = (/** @type {string} */ id) => placed.find((one) => one.id === id);
  let large = 1; // the letters, beside the usual ones
  let apart = GAP; // pixels from left to right
  const left = (/** @type {Placed} */ one) => one.x * scale + one.right * apart + LEFT * large;
  const top = (/** @type {Placed} */ one) => one.y * scale + one.down * GAP * large + TOP * large;

  function draw() {
    const layer = shownLayer(state);
    if (!layer || !stage.clientWidth) return;
    const made = layout(state.convention, state.view, state.batch, layer.features, layer.units);
    placed = made.arrays;
    large = parseFloat(getComputedStyle(document.documentElement).fontSize) / LETTERS;
    // As much as the window shows, so that one need not scroll; the words within need a certain height.
    const free = window.innerHeight - (place.getBoundingClientRect().top + window.scrollY) - 40;
    const height = Math.max(large * LOWEST, Math.min(large * HIGHEST, free)) - 2 * GAP * large;
    const fitted = (/** @type {number} */ width) => Math.min((width - (LEFT + 2 * GAP) * large - 24) / made.width, height / made.height, 14 * large);
    // The words stand in the free corner where there is room, else beside the drawing, else above it.
    const within = state.convention !== "torch" && layer.features * fitted(place.clientWidth) > NARROWEST;
    place.classList.toggle("within", within);
    place.classList.toggle("beside", !within && place.clientWidth > WIDE);
    scale = fitted(stage.clientWidth);
    const widest = Math.max(...placed.filter((one) => !one.x && one.id === "X").map((one) => one.columns * scale), 0);
    apart = Math.max(GAP, (LABEL - (widest || LABEL)) / 2) * large;
    words.style.maxWidth = within ? `${layer.features * scale}px` : "";
    stage.style.height = `${Math.ceil(Math.max(...placed.map((one) => top(one) + one.rows * scale)) + 28)}px`;
    for (const one of placed) {
      const { box, label, down, across } = shown[one.id];
      box.style.left = `${left(one)}px`;
      box.style.top = `${top(one)}px`;
      box.style.width = `${Math.max(THINNEST, one.columns * scale)}px`;
      box.style.height = `${Math.max(THINNEST, one.rows * scale)}px`;
      box.dataset.open = one.open;
      box.toggleAttribute("data-end", left(one) + 130 * large > stage.clientWidth);
      box.toggleAttribute("data-upright", one.rows > one.columns);
      box.setAttribute("aria-label", `${one.name} ${axesOf(one.id)}`);
      write(label, `${one.name} ${shape(one.sizes)}`);
      const length = (/** @type {number} */ axis) => (one.id === "b" ? "" : one.axes[axis] !== "records" ? count(axis ? one.columns : one.rows) : one.open ? "None" : one.sizes.length > 1 ? count(state.batch) : "");
      write(down, length(0));
      write(across, length(1));
    }
    write(formula, equation(placed, state.convention, shape));
    fill(
      arithmetic,
      say("studio.ledger.parameters"),
      " ",
      make("b", { class: "w-ink" }, state.convention === "keras" ? `${count(layer.features)} × ${count(layer.units)}` : `${count(layer.units)} × ${count(layer.features)}`),
      " + ",
      make("b", { class: "b-ink" }, count(layer.units)),
      ` = ${count(layer.features * layer.units)} + ${count(layer.units)} = `,
      make("b", {}, count(layer.features * layer.units + layer.units)),
    );
    const sentence = state.convention === "keras" || (state.convention === "torch" && state.view !== "batch") ? "still" : state.convention;
    write(still, layer === HOUSES ? say("studio.ledger.houses") : say(`studio.ledger.${sentence}.${state.view}`, { batch: state.batch, features: layer.features, units: layer.units, last: state.batch - 1, shape: shape([layer.features]), one: shape([1, layer.features]) }));
    write(caption, hint());
    drawEquations(layer);
    colourIn();
  }

  /** As designed, what may stand in None's place; else all layers, one after the other. @param {import("./store.js").Layer} layer */
  function drawEquations(layer) {
    const all = state.view === "designed" ? LIKELY.map((batch) => ({ layer, batch, index: -1 })) : layer === HOUSES || (state.question && state.question !== ABOUT_ALL) ? [] : layersOf(state).map((one, index) => ({ layer: one, batch: state.batch, index }));
    fill(
      equations,
      ...all.map(({ layer: one, batch, index }) => {
        const arrays = layout(state.convention, state.view === "designed" ? "batch" : state.view, batch, one.features, one.units).arrays;
        const text = equation(arrays, state.convention, shape);
        if (index < 0) return make("li", {}, text);
        return make("li", { class: index === state.layer ? "chosen" : "" }, make("button", { type: "button", class: "pick", "aria-pressed": String(index === state.layer), onclick: () => change({ layer: index, unit: -1 }) }, text));
      }),
    );
  }

  /** The numbers of the array under the pointer, or of the one that was chosen. */
  function showCorner() {
    const data = state.server?.data;
    const id = over.id || state.array;
    const one = find(id);
    const layer = shownLayer(state);
    if (!one || !data || !layer) return;
    which.show(id);
    const value = valuesOf(id);
    const turned = one.axes[1] === "records" || (id === "W" && one.axes[0] === "units");
    const first = state.layer === 0 && layer !== HOUSES;
    const names = one.axes[1] !== "features" || (!first && layer !== HOUSES) ? undefined : layer === HOUSES ? ["RM", "LSTAT"] : data.kind === "table" && data.wide === data.features.length ? data.features : undefined;
    const middle = first && data.kind === "pictures" ? Math.floor(layer.features / 2) + Math.floor((data.shape[1] ?? 2) / 2) : undefined;
    drawCorner(corner, one, value && ((row, column) => (turned ? value(column, row) : value(row, column))), { ...over, interesting: middle, names });
  }

  /** What an array's axes count, in words. @param {string} id */
  function axesOf(id) {
    const one = find(id);
    if (!one) return "";
    const size = (/** @type {number | null} */ part) => (part === null ? "None" : part);
    if (one.sizes.length === 1) {
      const axis = one.id === "b" ? "units" : one.id === "X" ? "features" : "units";
      const key = one.id === "b" ? "studio.axis.flat.bias" : `studio.axis.flat.${axis}`;
      return say(key, { shape: shape(one.sizes), count: one.sizes[0] ?? 0 });
    }
    const [rows, columns] = one.axes;
    return say("studio.axis.two", {
      shape: shape(one.sizes),
      rows: say(`studio.axis.${rows}`, { size: size(one.sizes[0]) }),
      columns: say(`studio.axis.${columns}`, { size: size(one.sizes[1]) }),
    });
  }

  /** Paint the numbers that there are; a model that is not trained yet has plain grounds. */
  function colourIn() {
    const data = state.server?.data;
    if (!shownLayer(state) || !data) return;
    for (const one of placed) {
      const name = one.id.toLowerCase();
      const plain = () => colour(name);
      const turned = one.axes[1] === "records" || (one.id === "W" && one.axes[0] === "units");
      const rows = Math.max(1, Math.min(one.rows, 1024));
      const columns = Math.max(1, Math.min(one.columns, 1024));
      const value = valuesOf(one.id);
      const limit = one.id === "X" && state.layer === 0 ? (numbers.front ? 2.5 : 1) : value ? largestOf(one.id) : 1;
      paint(shown[one.id].canvas, rows, columns, (row, column) => {
        if (!value) return plain();
        const [first, second] = turned ? [column, row] : [row, column];
        const found = value(first, second);
        if (found === undefined) return plain();
        if (one.id === "X" && state.layer === 0 && data.kind === "pictures") return [found * 255, found * 255, found * 255];
        return one.id === "W" || one.id === "b" || (one.id === "X" && data.kind !== "pictures") ? signed(found / limit) : much(found / limit);
      });
    }
    showCorner();
    rest();
  }

  /** Where nobody points, a question about the whole marks the row and the column that make the first number of Y. */
  function rest() {
    if (over.id) return;
    mark.hidden = column.hidden = true;
    if (state.question && state.view !== "designed" && find("Y")) markCell("Y", 0, 0);
    else if (state.question && state.array === "W" && find("W")) markCell("W", 0, 0);
  }

  /** Of an array the value at row and column, as Keras has it; null where there is none yet. @param {string} id */
  function valuesOf(id) {
    if (shownLayer(state) === HOUSES) return id === "X" ? (/** @type {number} */ row, /** @type {number} */ column) => HOUSES_SEEN[row]?.[column] : null;
    const layers = layersOf(state);
    const index = Math.min(state.layer, layers.length - 1);
    const { features, units } = layers[index];
    const data = /** @type {import("./store.js").Data} */ (state.server?.data);
    const { x, kernel, y } = numbers;
    if (id === "W") return kernel && kernel.length === (features + 1) * units ? (/** @type {number} */ row, /** @type {number} */ column) => kernel[row * units + column] : null;
    if (id === "b") return kernel && kernel.length === (features + 1) * units ? (/** @type {number} */ row, /** @type {number} */ column) => kernel[features * units + Math.max(row, column)] : null;
    if (id === "X" && index === 0) {
      if (numbers.front) {
        const front = numbers.front;
        return (/** @type {number} */ row, /** @type {number} */ column) => front[(row % x.length) * features + column];
      }
      if (!x.length || x[0].length !== features) return null;
      return (/** @type {number} */ row, /** @type {number} */ column) => (x[row % x.length] ? x[row % x.length][column] / data.white : undefined);
    }
    const wanted = id === "Y" ? index : index - 1;
    if (!y || wanted < 0) return null;
    const before = layers.slice(0, wanted).reduce((sum, one) => sum + one.units, 0);
    const wide = layers[wanted].units;
    const many = x.length;
    return (/** @type {number} */ row, /** @type {number} */ column) => y[many * before + (row % many) * wide + column];
  }

  /** @param {string} id */
  function largestOf(id) {
    const layers = layersOf(state);
    const index = Math.min(state.layer, layers.length - 1);
    const { features, units } = layers[index];
    if (id === "W" && numbers.kernel) return largest(numbers.kernel, 0, features * units) * 0.6;
    if (id === "b" && numbers.kernel) return largest(numbers.kernel, features * units);
    if (!numbers.y) return 1;
    const wanted = id === "Y" ? index : index - 1;
    const before = layers.slice(0, wanted).reduce((sum, one) => sum + one.units, 0);
    return largest(numbers.y, numbers.x.length * before, numbers.x.length * (before + layers[wanted].units));
  }

  /** The cell under the pointer. @param {string} id @param {PointerEvent | MouseEvent} event */
  function cell(id, event) {
    const one = /** @type {Placed} */ (find(id));
    const box = shown[id].box.getBoundingClientRect();
    const row = Math.min(one.rows - 1, Math.max(0, Math.floor(((event.clientY - box.top) / box.height) * one.rows)));
    const column = Math.min(one.columns - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * one.columns)));
    return { one, row, column };
  }

  /** @param {string} id @param {PointerEvent | null} event */
  function point(id, event) {
    if (!id || !event || !find(id)) {
      over = { id: "" };
      write(caption, hint());
      rest();
      showCorner();
      return;
    }
    const at = cell(id, event);
    over = { id, row: at.row, column: at.column };
    showCorner();
    const turned = at.one.axes[1] === "records" || (id === "W" && at.one.axes[0] === "units");
    const values = valuesOf(id);
    const value = turned ? values?.(at.column, at.row) : values?.(at.row, at.column);
    const flat = at.one.sizes.length === 1;
    const index = flat ? Math.max(at.row, at.column) : `${at.row}, ${at.column}`;
    const found = value === undefined || at.one.open ? "" : ` ${at.one.name}[${index}] = ${figure(value)}`;
    write(caption, `${at.one.name} ${axesOf(id)}${found}`);
    markCell(id, at.row, at.column);
  }

  /** The row of X and the column of W that make a number of Y; in columns the other way round. @param {string} id @param {number} row @param {number} at */
  function markCell(id, row, at) {
    const [x, w, y] = ["X", "W", "Y"].map((name) => /** @type {Placed} */ (find(name)));
    const one = /** @type {Placed} */ (find(id));
    const strip = (/** @type {HTMLElement} */ element, /** @type {Placed} */ array, /** @type {"records" | "units"} */ axis, /** @type {number} */ at) => {
      const across = array.axes[0] === axis;
      element.hidden = false;
      element.style.left = `${left(array) + (across ? 0 : at * scale)}px`;
      element.style.top = `${top(array) + (across ? at * scale : 0)}px`;
      element.style.width = `${Math.max(2, (across ? array.columns : 1) * scale)}px`;
      element.style.height = `${Math.max(2, (across ? 1 : array.rows) * scale)}px`;
    };
    mark.hidden = column.hidden = true;
    const along = (/** @type {string} */ axis) => (one.axes[0] === axis ? row : one.axes[1] === axis ? at : -1);
    if (along("records") >= 0 && x && y) strip(mark, x, "records", along("records"));
    if (along("units") >= 0 && w) strip(column, w, "units", along("units"));
  }

  /** A unit of W or Y is looked into. @param {string} id @param {MouseEvent} event */
  function pick(id, event) {
    if (id === "X" || !fits(state)) return;
    const at = cell(id, event);
    const unit = at.one.axes[0] === "units" ? at.row : at.column;
    change({ unit, chapter: "understanding" });
  }

  const load = newest(async () => {
    const data = state.server?.data;
    if (!data) return;
    const many = state.view === "record" ? 1 : state.view === "designed" ? 48 : state.batch;
    const order = Array.from({ length: Math.min(many, data.test) }, (_, step) => (state.record + step) % data.test);
    const x = await records(order);
    if (state.drawn) x[0] = state.drawn;
    numbers = { ...numbers, x };
    if (fits(state) && state.server?.story.phase !== "beginning") {
      numbers = { x, kernel: await weights(Math.min(state.layer, state.hidden.length)), y: await flow(x), front: null };
      if (data.kind === "table" && state.layer === 0) {
        colourIn();
        numbers.front = await prepared(x);
      }
    } else {
      numbers = { x, kernel: null, y: null, front: null };
    }
    colourIn();
  });

  let last = "";
  onChange((now) => {
    const open = now.chapter === "network";
    if (!open || !now.server?.data) {
      last = "";
      return;
    }
    const key = JSON.stringify([now.view, now.batch, now.convention, now.layer, layersOf(now), shownLayer(now), now.record, now.array, now.question, now.server.data.name]);
    if (key !== last) {
      last = key;
      draw();
    }
    const { story } = now.server;
    const fresh = JSON.stringify([key, story.number, story.curve.length, story.looks, story.phase, now.drawn !== null]);
    if (fresh !== loaded) {
      loaded = fresh;
      load();
    }
  });
  let loaded = "";
  new ResizeObserver(() => draw()).observe(stage);
}
