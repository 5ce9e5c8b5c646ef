// The page's state ↔ what stands behind # in its address: whoever opens that sees the same.
import { state } from "./store.js";

const NUMBERS = /** @type {const} */ (["layer", "unit", "record", "dropout", "rate", "batch", "epochs", "seed", "question"]);
const CHOICES = {
  chapter: ["data", "network", "learning", "understanding"],
  view: ["designed", "record", "batch"],
  convention: ["keras", "torch", "columns"],
  activation: ["relu", "tanh", "sigmoid", "elu", "gelu", "linear"],
  lang: ["en", "ko"],
  theme: ["light", "dark"],
};
const usual = { ...state };

export function readLink() {
  const given = new URLSearchParams(location.hash.slice(1));
  const asked = new URLSearchParams(location.search).get("lang");
  state.lang = asked === "ko" || asked === "en" ? asked : "";
  const into = /** @type {Record<string, any>} */ (state);
  for (const name of NUMBERS) {
    const value = Number(given.get(name) ?? NaN);
    if (Number.isFinite(value) && value >= -1) into[name] = value;
  }
  for (const [name, allowed] of Object.entries(CHOICES)) {
    const value = given.get(name);
    if (value !== null && allowed.includes(value)) into[name] = value;
  }
  const widths = given.get("hidden");
  if (widths !== null && /^(\d{1,5}(,\d{1,5}){0,7})?$/.test(widths)) {
    state.hidden = widths.split(",").map(Number).filter((units) => units > 0);
  }
  state.projector = given.get("projector") === "1";
  state.lying = given.get("lying") === "1";
  if (!(state.question >= 0 && state.question <= 10)) state.question = 0;
}

/**
 * What a training that is there already was made with, unless the link says something else: the page then shows its
 * network, not another one. @param {import("./store.js").Story} story
 */
export function settingsOf(story) {
  const given = new URLSearchParams(location.hash.slice(1));
  const own = story.settings;
  const found = { hidden: own.hidden, activation: own.activation, dropout: own.dropout, rate: own.learning_rate, batch: own.batch_size, epochs: own.epochs, seed: own.seed };
  return Object.fromEntries(Object.entries(found).filter(([name, value]) => value !== undefined && !given.has(name)));
}

/** @param {import("./store.js").State} now */
export function writeLink(now) {
  const shown = new URLSearchParams();
  for (const name of [...NUMBERS, ...Object.keys(CHOICES)]) {
    const value = /** @type {Record<string, any>} */ (now)[name];
    if (value !== /** @type {Record<string, any>} */ (usual)[name] && value !== "") shown.set(name, String(value));
  }
  if (now.hidden.join() !== usual.hidden.join()) shown.set("hidden", now.hidden.join(","));
  if (now.projector) shown.set("projector", "1");
  if (now.lying) shown.set("lying", "1");
  const text = shown.toString().replaceAll("%2C", ",");
  if (location.hash.slice(1) !== text) history.replaceState(null, "", text ? `#${text}` : location.pathname);
}
