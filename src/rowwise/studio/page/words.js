// The catalogue's messages in the language of the page; numbers and shapes as both languages write them.
import { state } from "./store.js";

/** @type {Record<string, {en: string, ko: string, en_one?: string}>} */
let messages = {};
/** @type {string[]} names of data */
export let sets = [];

/** @param {string} [wish] */
export async function loadWords(wish) {
  const answer = await (await fetch("/words")).json();
  messages = answer.words;
  sets = answer.sets;
  state.lang = wish === "en" || wish === "ko" ? wish : answer.lang;
}

/** @param {string} key @param {Record<string, string | number>} [values] */
export function say(key, values = {}) {
  const message = messages[key];
  if (!message) return key;
  const one = state.lang === "en" && message.en_one && String(values.count) === "1";
  const text = one ? /** @type {string} */ (message.en_one) : message[/** @type {"en" | "ko"} */ (state.lang)];
  return text.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name];
    return typeof value === "number" ? count(value) : String(value ?? "");
  });
}

/** 78,400 @param {number} value */
export const count = (value) => (Number.isInteger(value) ? value.toLocaleString("en-US") : figure(value));

/** Four digits that say something. @param {number | null | undefined} value */
export function figure(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  const text = size !== 0 && (size < 0.001 || size >= 100000) ? value.toExponential(2) : value.toFixed(size >= 10 ? 2 : 4);
  return text.replace("-", "−");
}

/** @param {number} share */
export const percent = (share) => `${(100 * share).toFixed(1)}${state.lang === "ko" ? "" : "\u00a0"}%`;

/** As Python writes a shape: (32, 784), (100,), (None, 784). @param {(number | null)[]} sizes */
export function shape(sizes) {
  const inner = sizes.map((size) => (size === null ? "None" : String(size))).join(", ");
  return sizes.length === 1 ? `(${inner},)` : `(${inner})`;
}

/** A class's name in the language of the page. @param {import("./store.js").Data} data @param {number} label */
export const className = (data, label) => data.classes[/** @type {"en" | "ko"} */ (state.lang)][label] ?? String(label);

/** Fill what `data-say` names, below an element. @param {ParentNode} within */
export function sayAll(within) {
  for (const part of within.querySelectorAll("[data-say]")) {
    part.textContent = say(/** @type {HTMLElement} */ (part).dataset.say ?? "");
  }
  for (const part of within.querySelectorAll("[data-label]")) {
    part.setAttribute("aria-label", say(/** @type {HTMLElement} */ (part).dataset.label ?? ""));
  }
}
