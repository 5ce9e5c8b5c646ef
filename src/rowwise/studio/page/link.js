// The page's state ↔ what stands behind # in its address: whoever opens that sees the same.
import { ofEach, state } from "./store.js";

const NUMBERS = /** @type {const} */ (["layer", "unit", "record", "rate", "batch", "epochs", "seed", "question"]);
const CHOICES = {
  chapter: ["data", "network", "learning", "understanding"],
  view: ["designed", "record", "batch"],
  convention: ["keras", "torch", "columns"],
  array: ["X", "W", "b", "Y"],
  lang: ["en", "ko"],
  theme: ["light", "dark"],
};
export const ACTIVATIONS = ["relu", "tanh", "sigmoid", "elu", "gelu", "linear"];
const MOST_DROPOUT = 0.9;
const usual = { ...state };

export function readLink() {
  const asked = new URLSearchParams(location.search).get("lang");
  state.lang = asked === "ko" || asked === "en" ? asked : "";
  readState(location.hash.slice(1));
}

/** What a link, or a file, says of the page; whatever makes no sense is as usual. @param {string} text */
export function readState(text) {
  const given = new URLSearchParams(text);
  const into = /** @type {Record<string, any>} */ (state);
  const before = /** @type {Record<string, any>} */ (usual);
  for (const name of [...NUMBERS, "chapter", "view", "convention", "array", "hidden"]) into[name] = before[name];
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
  const functions = (given.get("activation") ?? "").split(",").filter((name) => ACTIVATIONS.includes(name));
  const shares = (given.get("dropout") ?? "").split(",").filter(Boolean).map(Number).filter((share) => share >= 0 && share <= MOST_DROPOUT);
  state.activation = ofEach(functions, state.hidden.length, "relu");
  state.dropout = ofEach(shares, state.hidden.length, 0);
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
  const layers = (own.hidden ?? []).length;
  const found = { hidden: own.hidden, activation: own.activation && ofEach(own.activation, layers, "relu"), dropout: own.hidden && ofEach(own.dropout, layers, 0), rate: own.learning_rate, batch: own.batch_size, epochs: own.epochs, seed: own.seed };
  const layered = ["hidden", "activation", "dropout"]; // which belong together
  const given_layers = layered.some((name) => given.has(name));
  return Object.fromEntries(Object.entries(found).filter(([name, value]) => value !== undefined && !(layered.includes(name) ? given_layers : given.has(name))));
}

/** @param {import("./store.js").State} now */
export function writeLink(now) {
  const text = linkOf(now);
  if (location.hash.slice(1) !== text) history.replaceState(null, "", text ? `#${text}` : location.pathname);
}

/** What differs from the page as it opens. @param {import("./store.js").State} now */
export function linkOf(now) {
  const shown = new URLSearchParams();
  for (const name of [...NUMBERS, ...Object.keys(CHOICES)]) {
    const value = /** @type {Record<string, any>} */ (now)[name];
    if (value !== /** @type {Record<string, any>} */ (usual)[name] && value !== "") shown.set(name, String(value));
  }
  if (now.hidden.join() !== usual.hidden.join()) shown.set("hidden", now.hidden.join(","));
  for (const [name, one] of /** @type {const} */ ([["activation", "relu"], ["dropout", 0]])) {
    const values = /** @type {(string | number)[]} */ (now[name]);
    if (values.some((value) => value !== one)) shown.set(name, (new Set(values).size > 1 ? values : values.slice(0, 1)).join(","));
  }
  if (now.projector) shown.set("projector", "1");
  if (now.lying) shown.set("lying", "1");
  return shown.toString().replaceAll("%2C", ",");
}
