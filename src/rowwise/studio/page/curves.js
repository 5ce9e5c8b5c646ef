// Loss and accuracy by epoch, of the training and beside it of the records held out; the best epoch marked.
import { make, svg, write } from "./dom.js";
import { onChange } from "./store.js";
import { figure, say } from "./words.js";

const WIDTH = 420;
const HEIGHT = 210;
const LEFT = 46;
const BOTTOM = 26;
const TOP = 12;
const RIGHT = 12;

/** @param {HTMLElement} place */
export function buildCurves(place) {
  const charts = [chart("loss", "studio.curves.loss"), chart("accuracy", "studio.curves.accuracy")];
  place.append(...charts.map((one) => one.element));
  let last = "";
  onChange((now) => {
    const story = now.server?.story;
    if (!story) return;
    const key = `${story.number} ${story.curve.length} ${story.best} ${story.phase} ${story.epochs}`;
    if (key === last) return;
    last = key;
    for (const one of charts) one.draw(story, now.server?.before ?? null);
  });
}

/** @param {string} name @param {string} key */
function chart(name, key) {
  const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", tabindex: "0" });
  const caption = make("p", { class: "caption small", "aria-live": "off" });
  const title = make("h3", {}, say(key));
  const past = make("span", { class: "ghost", hidden: true }, say("studio.curves.before"));
  const legend = make("p", { class: "legend small" }, make("span", { class: "train" }, say("studio.curves.train")), make("span", { class: "held" }, say("studio.curves.held")), past);
  const element = make("figure", { class: "chart" }, make("div", { class: "chart-head" }, title, legend), drawing, caption);
  /** @type {import("./store.js").Story | null} */ let shown = null;
  let at = -1;

  /** @type {import("./store.js").Server["before"]} */ let beside = null;

  /** @param {import("./store.js").Story} story @param {import("./store.js").Server["before"]} [other] the training before */
  function draw(story, other = beside) {
    shown = story;
    beside = other;
    const metric = name === "loss" ? "loss" : (["accuracy", "binary_accuracy", "mean_absolute_error"].find((one) => story.curve.some((epoch) => one in epoch)) ?? "accuracy");
    if (name !== "loss") write(title, say(metric === "mean_absolute_error" ? "studio.curves.mae" : "studio.curves.accuracy"));
    const train = story.curve.map((epoch) => epoch[metric]);
    const held = story.curve.map((epoch) => epoch[`val_${metric}`]);
    const ghost = (other?.curve ?? []).map((epoch) => epoch[`val_${metric}`]);
    const known = [...train, ...held, ...ghost].filter((value) => Number.isFinite(value));
    const low = metric === "loss" ? 0 : known.length ? Math.min(...known) : 0;
    const high = known.length ? Math.max(...known) : 1;
    const ticks = steps(metric === "mean_absolute_error" ? 0 : low, metric === "loss" || metric === "mean_absolute_error" ? high : Math.min(1, high));
    const from = ticks[0];
    const to = ticks[ticks.length - 1];
    const epochs = Math.max(2, story.epochs || 10, story.curve.length, ghost.length);
    const x = (/** @type {number} */ epoch) => LEFT + ((epoch - 1) / (epochs - 1)) * (WIDTH - LEFT - RIGHT);
    const y = (/** @type {number} */ value) => TOP + (1 - (value - from) / (to - from)) * (HEIGHT - TOP - BOTTOM);
    const parts = ticks.flatMap((tick) => [
      svg("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y(tick), y2: y(tick), class: "grid" }),
      svg("text", { x: LEFT - 6, y: y(tick) + 4, class: "tick end" }, String(tick)),
    ]);
    for (const epoch of new Set([1, Math.round((1 + epochs) / 2), epochs])) parts.push(svg("text", { x: x(epoch), y: HEIGHT - 8, class: "tick" }, String(epoch)));
    const line = (/** @type {number[]} */ values) =>
      values.map((value, index) => (Number.isFinite(value) ? `${x(index + 1).toFixed(1)},${y(Math.min(to, Math.max(from, value))).toFixed(1)}` : "")).join(" ");
    if (ghost.length) parts.push(svg("polyline", { points: line(ghost), class: "line ghost" }));
    parts.push(svg("polyline", { points: line(train), class: "line train" }), svg("polyline", { points: line(held), class: "line held" }));
    const ends = story.curve.length;
    if (ends && Number.isFinite(train[ends - 1])) parts.push(svg("circle", { cx: x(ends), cy: y(Math.min(to, train[ends - 1])), r: 3, class: "dot train" }));
    if (ends && Number.isFinite(held[ends - 1])) parts.push(svg("circle", { cx: x(ends), cy: y(Math.min(to, held[ends - 1])), r: 3, class: "dot held" }));
    const best = story.best || bestOf(story);
    if (best && Number.isFinite(held[best - 1])) {
      const side = x(best) > WIDTH - 110;
      parts.push(
        svg("line", { x1: x(best), x2: x(best), y1: TOP, y2: HEIGHT - BOTTOM, class: "best" }),
        svg("circle", { cx: x(best), cy: y(held[best - 1]), r: 5, class: "best-dot" }),
        svg("text", { x: x(best) + (side ? -6 : 6), y: TOP + 10, class: `tick best-words ${side ? "end" : "start"}` }, say("studio.curves.best", { epoch: best })),
      );
    }
    if (at >= 0 && at < ends) parts.push(svg("line", { x1: x(at + 1), x2: x(at + 1), y1: TOP, y2: HEIGHT - BOTTOM, class: "at" }));
    past.hidden = !ghost.length;
    drawing.replaceChildren(...parts);
    const place = at >= 0 && at < ends ? at : ends - 1;
    const words = ends ? say("studio.curves.caption", { epoch: place + 1, train: figure(train[place]), held: figure(held[place]) }) : "";
    write(caption, words);
    drawing.setAttribute("aria-label", `${title.textContent}: ${words || say("studio.curves.none")}`);
  }

  drawing.addEventListener("pointermove", (event) => {
    if (!shown) return;
    const box = drawing.getBoundingClientRect();
    const epochs = Math.max(2, shown.epochs || 10, shown.curve.length, beside?.curve.length ?? 0);
    const share = (((event.clientX - box.left) / box.width) * WIDTH - LEFT) / (WIDTH - LEFT - RIGHT);
    at = Math.max(0, Math.min(shown.curve.length - 1, Math.round(share * (epochs - 1))));
    draw(shown);
  });
  drawing.addEventListener("pointerleave", () => {
    at = -1;
    if (shown) draw(shown);
  });
  drawing.addEventListener("keydown", (event) => {
    if (!shown || !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    at = Math.max(0, Math.min(shown.curve.length - 1, (at < 0 ? shown.curve.length - 1 : at) + (event.key === "ArrowLeft" ? -1 : 1)));
    draw(shown);
  });
  return { element, draw };
}

/** The epoch of the lowest validation loss so far, from 1; 0 for none. @param {import("./store.js").Story} story */
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

