// Loss and accuracy within each epoch and by epoch, of the training and of the records held out; the best epoch marked.
import { make, svg, write } from "./dom.js";
import { offer } from "./picture.js";
import { onChange } from "./store.js";
import { figure, say } from "./words.js";

/** @typedef {import("./store.js").Story} Story */
/** @typedef {import("./store.js").Server["before"]} Before */

const WIDTH = 420;
const HEIGHT = 216;
const LEFT = 46;
const BOTTOM = 32;
const TOP = 16;
const RIGHT = 12;
const METRICS = ["accuracy", "binary_accuracy", "mean_absolute_error"];
const BOUNDED = 4; // times the largest figure of an epoch, above which the drawing is cut off

/** @param {HTMLElement} place */
export function buildCurves(place) {
  const charts = [chart("loss", "studio.curves.loss"), chart("accuracy", "studio.curves.accuracy")];
  place.append(...charts.map((one) => one.element));
  charts.forEach((one, index) => offer(one.element, index ? "accuracy" : "loss"));
  let last = "";
  onChange((now) => {
    const story = now.server?.story;
    if (!story || now.chapter !== "learning") return;
    const point = story.within.at(-1);
    const key = `${story.number} ${story.curve.length} ${story.best} ${story.phase} ${story.epochs} ${point} ${now.lang}`;
    if (key === last) return;
    last = key;
    for (const one of charts) one.draw(story, now.server?.before ?? null);
  });
}

/** The epoch's figure of this name; a loss that is no number is null in JSON. @param {Record<string, number>[]} curve @param {string} name */
const column = (curve, name) => curve.map((epoch) => epoch[name] ?? NaN);

/** @param {"loss" | "accuracy"} name @param {string} key */
function chart(name, key) {
  const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", tabindex: "0" });
  const caption = make("p", { class: "caption small", "aria-live": "off" });
  const title = make("h3", {}, say(key));
  const past = make("span", { class: "ghost", hidden: true }, say("studio.curves.before"));
  const legend = make("p", { class: "legend small" }, make("span", { class: "train" }, say("studio.curves.train")), make("span", { class: "held" }, say("studio.curves.held")), past);
  const element = make("figure", { class: "chart" }, make("div", { class: "chart-head" }, title, legend), drawing, caption);
  /** @type {Story | null} */ let shown = null;
  /** @type {Before} */ let beside = null;
  let at = -1; // the epoch under the pointer, from 0

  /** @param {Story} story @param {Before} other the training before */
  function draw(story, other) {
    shown = story;
    beside = other;
    const metric = name === "loss" ? "loss" : (METRICS.find((one) => story.curve.some((epoch) => one in epoch)) ?? "accuracy");
    const upward = name === "accuracy" && metric !== "mean_absolute_error";
    if (name !== "loss") write(title, say(upward ? "studio.curves.accuracy" : "studio.curves.mae"));
    const train = column(story.curve, metric);
    const held = column(story.curve, `val_${metric}`);
    const ghost = column(other?.curve ?? [], `val_${metric}`);
    const within = /** @type {[number, number][]} */ (story.within.map((point) => [point[0], (name === "loss" ? point[1] : point[2]) ?? NaN]));
    const scale = scaleOf([...train, ...held, ...ghost], within.map((point) => point[1]), upward);
    const epochs = Math.max(1, story.epochs || 10, story.curve.length, ghost.length);
    const x = (/** @type {number} */ epoch) => LEFT + (epoch / epochs) * (WIDTH - LEFT - RIGHT);
    const y = (/** @type {number} */ value) => TOP + (1 - (Math.min(scale.to, Math.max(scale.from, value)) - scale.from) / (scale.to - scale.from)) * (HEIGHT - TOP - BOTTOM);
    const path = (/** @type {[number, number][]} */ points) => points.filter(([, value]) => !Number.isNaN(value)).map(([epoch, value]) => `${x(epoch).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
    const byEpoch = (/** @type {number[]} */ values) => /** @type {[number, number][]} */ (values.map((value, index) => [index + 1, value]));
    const parts = scale.ticks.flatMap((tick) => [
      svg("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y(tick), y2: y(tick), class: "grid" }),
      svg("text", { x: LEFT - 6, y: y(tick) + 4, class: "tick end" }, String(tick)),
    ]);
    for (const epoch of new Set([1, Math.round((1 + epochs) / 2), epochs])) parts.push(svg("text", { x: x(epoch), y: HEIGHT - 16, class: "tick" }, String(epoch)));
    parts.push(svg("text", { x: WIDTH - RIGHT, y: HEIGHT - 2, class: "tick end" }, say("studio.curves.axis")));
    if (ghost.length) parts.push(svg("polyline", { points: path(byEpoch(ghost)), class: "line ghost" }));
    parts.push(svg("polyline", { points: path(within), class: "line train within" }));
    parts.push(svg("polyline", { points: path(byEpoch(train)), class: "line train" }), svg("polyline", { points: path(byEpoch(held)), class: "line held" }));
    for (const [values, kind] of /** @type {[number[], string][]} */ ([[train, "train"], [held, "held"]])) {
      values.forEach((value, index) => {
        if (Number.isFinite(value) && (epochs <= 40 || index === values.length - 1)) parts.push(svg("circle", { cx: x(index + 1), cy: y(value), r: index === values.length - 1 ? 3.2 : 2, class: `dot ${kind}` }));
      });
    }
    const best = story.best || bestOf(story);
    if (best && Number.isFinite(held[best - 1])) {
      const side = x(best) > WIDTH - 130;
      parts.push(
        svg("line", { x1: x(best), x2: x(best), y1: TOP, y2: HEIGHT - BOTTOM, class: "best" }),
        svg("circle", { cx: x(best), cy: y(held[best - 1]), r: 5, class: "best-dot" }),
        svg("text", { x: x(best) + (side ? -7 : 7), y: upward ? HEIGHT - BOTTOM - 8 : TOP + 4, class: `tick best-words ${side ? "end" : "start"}` }, say("studio.curves.best", { epoch: best })),
      );
    }
    if (story.diverged.length) parts.push(...broken(story.diverged, x, name === "loss"));
    if (at >= 0 && at < story.curve.length) parts.push(svg("line", { x1: x(at + 1), x2: x(at + 1), y1: TOP, y2: HEIGHT - BOTTOM, class: "at" }));
    past.hidden = !ghost.length;
    drawing.replaceChildren(...parts);
    const words = told(story, train, held, within);
    write(caption, words);
    drawing.setAttribute("aria-label", `${title.textContent}: ${words || say("studio.curves.none")}`);
  }

  /** @param {Story} story @param {number[]} train @param {number[]} held @param {[number, number][]} within */
  function told(story, train, held, within) {
    const ends = story.curve.length;
    const place = at >= 0 && at < ends ? at : ends - 1;
    const now = within.at(-1);
    if (at < 0 && story.phase === "training" && now && now[0] > ends) return say("studio.curves.within", { epoch: ends + 1, share: String(Math.round(100 * (now[0] - ends))), value: figure(now[1]) });
    return ends ? say("studio.curves.caption", { epoch: place + 1, train: figure(train[place]), held: figure(held[place]) }) : "";
  }

  const redraw = () => shown && draw(shown, beside);
  drawing.addEventListener("pointermove", (event) => {
    if (!shown) return;
    const box = drawing.getBoundingClientRect();
    const epochs = Math.max(1, shown.epochs || 10, shown.curve.length, beside?.curve.length ?? 0);
    const share = (((event.clientX - box.left) / box.width) * WIDTH - LEFT) / (WIDTH - LEFT - RIGHT);
    at = Math.max(0, Math.min(shown.curve.length - 1, Math.round(share * epochs) - 1));
    redraw();
  });
  drawing.addEventListener("pointerleave", () => {
    at = -1;
    redraw();
  });
  drawing.addEventListener("keydown", (event) => {
    if (!shown || !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    at = Math.max(0, Math.min(shown.curve.length - 1, (at < 0 ? shown.curve.length - 1 : at) + (event.key === "ArrowLeft" ? -1 : 1)));
    redraw();
  });
  return { element, draw };
}

/**
 * The epoch that went wrong: from its beginning on there is nothing to be drawn.
 * @param {number[]} diverged @param {(epoch: number) => number} x @param {boolean} worded
 */
function broken([epoch, loss], x, worded) {
  const side = x(epoch - 1) > WIDTH - 150;
  const parts = [svg("rect", { x: x(epoch - 1), y: TOP, width: Math.max(4, x(epoch) - x(epoch - 1)), height: HEIGHT - TOP - BOTTOM, class: "broken" })];
  const words = say("studio.curves.diverged", { epoch, loss: loss === null || Number.isNaN(loss) ? "NaN" : figure(loss) });
  if (worded) parts.push(svg("text", { x: side ? x(epoch - 1) - 7 : x(epoch) + 7, y: HEIGHT - BOTTOM - 10, class: `tick broken-words ${side ? "end" : "start"}` }, words));
  return parts;
}

/**
 * From where to where is drawn. What is measured within an epoch jumps about: it may leave the drawing.
 * @param {number[]} figures @param {number[]} within @param {boolean} upward
 */
function scaleOf(figures, within, upward) {
  const known = figures.filter(Number.isFinite);
  const jumping = within.filter(Number.isFinite);
  const own = known.length ? known : jumping;
  if (upward) {
    const low = Math.min(...own, ...jumping.slice(Math.floor(jumping.length / 10)), 1);
    const high = Math.max(...own, ...jumping.slice(Math.floor(jumping.length / 10)));
    return stepped(Math.max(0, own.length ? low : 0), Math.min(1, own.length ? high : 1));
  }
  const most = own.length ? Math.max(...own) : 1;
  const peak = jumping.length ? Math.max(...jumping) : 0;
  return stepped(0, Math.max(most, Math.min(peak, BOUNDED * most)));
}

/** @param {number} low @param {number} high */
function stepped(low, high) {
  const ticks = steps(low, high);
  return { ticks, from: ticks[0], to: ticks[ticks.length - 1] };
}

/** The epoch of the lowest validation loss so far, from 1; 0 for none. @param {Story} story */
export function bestOf(story) {
  let best = 0;
  story.curve.forEach((epoch, index) => {
    if (Number.isFinite(epoch.val_loss) && (!best || epoch.val_loss < story.curve[best - 1].val_loss)) best = index + 1;
  });
  return best;
}

/** Round numbers from below `low` to above `high`. @param {number} low @param {number} high */
function steps(low, high) {
  const span = Math.max(high - low, 1e-6);
  const power = 10 ** Math.floor(Math.log10(span));
  const step = [0.2, 0.5, 1, 2].map((part) => part * power).find((part) => span / part <= 5) ?? 2 * power;
  const found = [];
  for (let tick = Math.floor(low / step + 1e-9) * step; ; tick += step) {
    found.push(Number(tick.toPrecision(6)));
    if (tick >= high - 1e-9 && found.length > 1) return found;
  }
}
