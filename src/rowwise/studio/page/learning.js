// Chapter 3: the training, its curves, its kernels and its mistakes, while they come about.
import { buildConfusion } from "./confusion.js";
import { bestOf, buildCurves } from "./curves.js";
import { fill, keepingFocus, make, svg, write } from "./dom.js";
import { buildHistograms } from "./histograms.js";
import { buildKernels } from "./kernels.js";
import { offer } from "./picture.js";
import { buildStep } from "./step.js";
import { get, tell, tried } from "./server.js";
import { busy, change, onChange, state } from "./store.js";
import { figure, percent, say } from "./words.js";

const BATCHES = [1, 8, 16, 32, 64, 128, 256];
const RATES = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1];

const USUAL_RATE = 0.001;

const MEASURES = ["mae", "rmse", "r2", "f1"]; // of a report without an accuracy, those that are told first

const COMPARED = ["hidden", "activation", "dropout", "learning_rate", "batch_size", "epochs", "seed"];

/** What the page has chosen of a training. */
export const chosen = () => ({ hidden: state.hidden, activation: state.activation, dropout: state.dropout, learning_rate: state.rate, batch_size: state.batch, epochs: state.epochs, seed: state.seed, patience: Math.max(3, Math.ceil(state.epochs / 3)) });

/** Begin a training with what the page has chosen. */
export function begin() {
  change({ chapter: "learning" });
  return tried(() => tell("/train", chosen()));
}

/** @param {HTMLElement} body @param {HTMLElement} glance */
export function buildLearning(body, glance) {
  const start = make("button", { type: "button", class: "main", id: "train", onclick: begin });
  const pause = make("button", { type: "button", class: "quiet", onclick: () => tried(() => tell(state.server?.story.phase === "paused" || waiting ? "/resume" : "/pause")).then(() => (waiting = !waiting)) });
  const stop = make("button", { type: "button", class: "quiet", onclick: () => tried(() => tell("/stop")) }, say("studio.learning.stop"));
  const save = make("button", { type: "button", class: "quiet", onclick: () => tried(() => tell("/save")) }, say("studio.learning.save"));
  const code = make("button", { type: "button", class: "quiet", onclick: showCode }, say("studio.learning.code"));
  const report = make("a", { class: "button quiet", href: "/report", download: "rowwise-report.html" }, say("studio.learning.report"));
  // What diverged is tried again with a tenth of its learning rate, or with the usual one where that is still absurd.
  const remedy = make("button", { type: "button", class: "main", hidden: true, onclick: () => (change({ rate: lower() }), begin()) });
  const lower = () => {
    const tenth = (state.server?.story.settings.learning_rate ?? state.rate) / 10;
    return tenth > 1 ? USUAL_RATE : Number(tenth.toPrecision(2));
  };
  const program = make("pre", { class: "program", tabindex: "0", "aria-label": say("studio.learning.code"), hidden: true });
  async function showCode() {
    const found = program.hidden ? await tried(() => get("/code")) : undefined;
    program.hidden = !found;
    if (found) write(program, found.program);
  }
  const bar = make("progress", { max: 1, value: 0, "aria-label": say("studio.learning.progress") });
  const status = make("p", { class: "status", role: "status" });
  const more = make("p", { class: "soft small" });
  const settings = make("div", { class: "settings" });
  let waiting = false;

  const number = (/** @type {string} */ key, /** @type {"epochs" | "seed"} */ name, /** @type {object} */ limits) => {
    const input = make("input", { type: "number", ...limits, onchange: () => change({ [name]: Math.max(Number(input.min), Math.min(Number(input.max), Number(input.value) || 0)) }) });
    fields.push([input, () => String(state[name])]);
    return make("label", {}, make("span", {}, say(key)), input);
  };
  const list = (/** @type {string} */ key, /** @type {"rate" | "batch"} */ name, /** @type {number[]} */ values) => {
    const select = make("select", { onchange: () => change({ [name]: Number(select.value) }) }, ...values.map((value) => make("option", { value }, String(value))));
    fields.push([select, () => String(state[name])]);
    return make("label", {}, make("span", {}, say(key)), select);
  };
  /** @type {[HTMLInputElement | HTMLSelectElement, () => string][]} */ const fields = [];
  settings.append(
    number("studio.learning.epochs", "epochs", { min: 1, max: 1000, step: 1 }),
    list("studio.learning.rate", "rate", RATES),
    list("studio.batch", "batch", BATCHES),
    number("studio.learning.seed", "seed", { min: 0, max: 4294967295, step: 1 }),
  );
  const step = make("section", { class: "unit-room" });
  const compared = make("p", { class: "compared" });
  const curves = make("div", { class: "charts" });
  const kernels = make("div", { class: "kernel-room" });
  const histograms = make("section", { class: "unit-room" });
  const confusion = make("div", { class: "confusion-room" });
  body.append(
    make("h2", {}, say("studio.learning.heading")),
    make("p", { class: "lead" }, say("studio.learning.lead")),
    settings,
    make("div", { class: "controls" }, start, pause, stop, save, code, report),
    bar,
    make("div", { class: "told" }, status, remedy),
    more,
    compared,
    program,
    curves,
    make("div", { class: "watched" }, kernels, confusion),
    histograms,
    step,
  );
  buildStep(step, chosen);
  buildCurves(curves);
  buildKernels(kernels);
  buildConfusion(confusion);
  buildHistograms(histograms);
  offer(kernels, "kernels");
  offer(confusion, "confusion");
  offer(histograms, "histograms");

  const line = svg("svg", { viewBox: "0 0 120 60", class: "spark" });
  const words = make("span", { class: "small" });
  glance.append(line, words);

  onChange((now) => {
    const server = now.server;
    if (!server) return;
    const { story } = server;
    const phase = story.phase;
    for (const [field, value] of fields) {
      if (document.activeElement !== field && field.value !== value()) {
        // A run may have been trained with a value that the list lacks.
        if (field instanceof HTMLSelectElement && ![...field.options].some((option) => option.value === value())) field.append(make("option", { value: value() }, value()));
        field.value = value();
      }
      field.disabled = busy(now);
    }
    if (phase !== "training") waiting = phase === "paused";
    start.disabled = busy(now) || !server.data;
    write(start, say(phase === "trained" || phase === "failed" ? "studio.learning.again" : "studio.learning.start"));
    keepingFocus(
      () => {
        pause.hidden = stop.hidden = !["training", "paused"].includes(phase);
        save.hidden = phase !== "trained" || Boolean(server.kept);
        code.hidden = report.hidden = phase !== "trained";
        remedy.hidden = phase !== "trained" || !story.diverged.length;
      },
      () => (start.disabled ? body.parentElement?.querySelector(".spine") : start),
    );
    write(pause, say(phase === "paused" || waiting ? "studio.learning.resume" : "studio.learning.pause"));
    report.href = `/report?lang=${now.lang}`;
    write(remedy, say("studio.learning.lower", { rate: String(lower()) }));
    status.classList.toggle("wrong", phase === "failed" || (phase === "trained" && story.diverged.length > 0));
    if (code.hidden) program.hidden = true;
    bar.hidden = !busy(now);
    if (phase === "training" || phase === "paused") bar.value = Math.max(story.curve.length, story.within.at(-1)?.[0] ?? 0) / Math.max(1, story.epochs);
    else bar.removeAttribute("value");
    write(status, statusOf(story, server.kept));
    write(more, [story.engine && say("studio.learning.engine", { engine: story.engine }), ...(story.diverged.length ? [] : story.warnings)].filter(Boolean).join(" "));
    write(compared, server.before && phase !== "idle" ? comparison(server.before, story) : "");
    drawSpark(line, story);
    const ended = story.curve.at(-1);
    write(words, phase === "idle" ? "" : ended ? `${story.curve.length}/${story.epochs}${"val_accuracy" in ended ? ` · ${percent(ended.val_accuracy)}` : ""}` : "…");
  });
}

/** @param {import("./store.js").Story} story @param {string} kept */
function statusOf(story, kept) {
  const ended = story.curve.at(-1);
  switch (story.phase) {
    case "beginning":
      return say("studio.learning.beginning");
    case "training":
    case "paused": {
      const now = story.within.at(-1);
      if (!ended) return now ? say(`studio.learning.first.${story.phase}`, { share: String(Math.round(100 * now[0])), epochs: story.epochs }) : say("studio.learning.beginning");
      const seconds = story.curve.slice(-5).map((epoch) => epoch.seconds).sort((one, other) => one - other)[Math.floor(Math.min(5, story.curve.length) / 2)];
      const left = Math.max(0, (story.epochs - story.curve.length) * seconds);
      const facts = { epoch: story.curve.length, epochs: story.epochs, rate: Math.round(story.records / Math.max(seconds, 1e-6) / 100) * 100, left: left < 10 ? left.toFixed(1) : String(Math.round(left)) };
      return say(story.phase === "paused" ? "studio.learning.paused" : "studio.learning.running", facts);
    }
    case "measuring":
      return say("studio.learning.measuring");
    case "failed":
      return story.message;
    case "trained": {
      if (story.diverged.length) return [say("studio.learning.diverged", { epoch: story.diverged[0], loss: Number.isFinite(story.diverged[1]) ? figure(story.diverged[1]) : "NaN", rate: String(story.settings.learning_rate) }), say(story.diverged[0] > 1 ? "studio.learning.diverged.kept" : "studio.learning.diverged.untrained", { epoch: story.best || story.diverged[0] - 1 })].join(" ");
      const how = story.interrupted ? "stopped" : "trained";
      const measure = "accuracy" in story.test ? say("studio.learning.accuracy", { share: percent(story.test.accuracy) }) : MEASURES.filter((name) => name in story.test).slice(0, 2).map((name) => `${say(`studio.measure.${name}`)} ${figure(story.test[name])}`).join(", ");
      const saved = kept ? ` ${say("studio.learning.kept", { path: kept })}` : "";
      return `${say(`studio.learning.${how}`, { seconds: story.seconds.toFixed(1), best: story.best || bestOf(story), epochs: story.curve.length })} ${measure}${saved}`;
    }
    default:
      return say("studio.learning.idle");
  }
}

/** What differs from the training before, by name. @param {NonNullable<import("./store.js").Server["before"]>} before @param {import("./store.js").Story} story */
function comparison(before, story) {
  const shown = (/** @type {unknown} */ value) => (Array.isArray(value) ? value.join(", ") || "–" : String(value));
  const differing = COMPARED.filter((name) => shown(before.settings[name]) !== shown(story.settings[name]));
  const parts = differing.map((name) => `${say(`studio.setting.${name}`)} ${shown(before.settings[name])} → ${shown(story.settings[name])}`);
  const measure = ["accuracy", "mae"].find((name) => name in before.test && name in story.test);
  if (measure) {
    const words = (/** @type {number} */ value) => (measure === "accuracy" ? percent(value) : figure(value));
    parts.push(say("studio.compared.test", { measure: say(`studio.measure.${measure}`), before: words(before.test[measure]), now: words(story.test[measure]) }));
  }
  if (before.diverged.length) parts.push(say("studio.compared.diverged"));
  return parts.length ? say("studio.compared", { parts: parts.join(" · ") }) : say("studio.compared.same");
}

/** @param {SVGElement} place @param {import("./store.js").Story} story */
function drawSpark(place, story) {
  const values = story.curve.map((epoch) => epoch.val_loss ?? epoch.loss).filter(Number.isFinite);
  if (values.length < 2) return fill(place);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const points = values.map((value, index) => `${4 + (112 * index) / Math.max(1, story.epochs - 1)},${54 - (48 * (value - low)) / Math.max(1e-9, high - low)}`);
  fill(place, svg("polyline", { points: points.join(" "), class: "line held" }));
}

