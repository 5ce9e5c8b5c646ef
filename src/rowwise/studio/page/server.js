// What the server is asked, and the newest state that it sends.
import { settingsOf } from "./link.js";
import { change, state } from "./store.js";
import { say } from "./words.js";

/** @param {string} path @param {RequestInit} [options] */
async function asked(path, options = {}) {
  const headers = { "x-language": state.lang, ...options.headers };
  const answer = await fetch(path, { ...options, headers });
  if (answer.ok) return answer;
  const { error } = await answer.json().catch(() => ({ error: answer.statusText }));
  throw new Refused(error);
}

/** What the server refuses, in its words. */
class Refused extends Error {}

/** @param {string} path @param {object} [value] */
export const tell = async (path, value = {}) => (await asked(path, { method: "POST", body: JSON.stringify(value) })).json();

/** @param {string} path @param {Blob} content @param {string} name */
export const put = async (path, content, name) => (await asked(path, { method: "PUT", body: content, headers: { "x-name": encodeURIComponent(name) } })).json();

/** A picture as a record of the data, and what was done to it, which is shown. @param {File} file @param {boolean} bytes */
export async function look(file, bytes) {
  const answer = await asked("/look", { method: "PUT", body: file, headers: { "x-name": encodeURIComponent(file.name) } });
  const notes = decodeURIComponent(answer.headers.get("x-notes") ?? "");
  const record = typed(bytes, await answer.arrayBuffer());
  change({ looked: `${file.name.slice(0, 60)}. ${notes}` });
  return record;
}

/** @param {string} path */
export const get = async (path) => (await asked(path)).json();

/** Do what may be refused, and show why. @template T @param {() => Promise<T>} work @returns {Promise<T | undefined>} */
export async function tried(work) {
  try {
    const done = await work();
    if (state.problem) change({ problem: "" });
    return done;
  } catch (error) {
    change({ problem: error instanceof TypeError ? say("studio.gone") : /** @type {Error} */ (error).message });
    return undefined;
  }
}

/** @param {boolean} bytes @param {ArrayBuffer} buffer */
const typed = (bytes, buffer) => (bytes ? new Uint8Array(buffer) : new Float32Array(buffer));

/** @type {Map<string, Promise<Uint8Array | Float32Array>>} records that were asked for, by data and number */
const kept = new Map();

/**
 * Test records, one array each; what was fetched once is kept.
 * @param {number[]} numbers @returns {Promise<(Uint8Array | Float32Array)[]>}
 */
export function records(numbers) {
  const data = state.server?.data;
  if (!data) return Promise.resolve([]);
  const key = (/** @type {number} */ number) => `${data.name} ${data.test} ${number}`;
  const missing = numbers.filter((number) => !kept.has(key(number)));
  if (kept.size > 5000) kept.clear();
  if (missing.length) {
    const size = data.shape.reduce((product, part) => product * part, 1);
    const all = asked(`/records?i=${missing.join(",")}`).then(async (answer) => typed(data.bytes, await answer.arrayBuffer()));
    missing.forEach((number, place) => {
      const one = all.then((array) => array.subarray(place * size, (place + 1) * size));
      one.catch(() => kept.delete(key(number)));
      kept.set(key(number), one);
    });
  }
  return Promise.all(numbers.map((number) => /** @type {Promise<Uint8Array | Float32Array>} */ (kept.get(key(number)))));
}

/** @type {Map<number, Promise<Float32Array>>} kernels of the model as the server has last told of it */
const kernels = new Map();
let kernelsOf = "";

/** Kernel and bias `(features + 1, units)` of a layer; fetched once as long as the model stays as it is. @param {number} layer */
export function weights(layer) {
  const story = state.server?.story;
  const own = `${state.server?.data?.name} ${story?.number} ${story?.looks} ${story?.phase}`;
  if (own !== kernelsOf) kernels.clear();
  kernelsOf = own;
  const found = kernels.get(layer) ?? asked(`/weights/${layer}`).then(async (answer) => new Float32Array(await answer.arrayBuffer()));
  kernels.set(layer, found);
  found.catch(() => kernels.delete(layer));
  return found;
}

/**
 * What each layer gives for records, `(records, units)` one after the other; last, what the model gives.
 * @param {(Uint8Array | Float32Array)[]} several @returns {Promise<Float32Array>}
 */
export async function flow(several) {
  return new Float32Array(await (await asked("/flow", { method: "POST", body: new Blob(/** @type {any} */ (several)) })).arrayBuffer());
}

/** @param {Uint8Array | Float32Array} record @param {number} layer @param {number} unit */
export const trace = async (record, layer, unit) =>
  (await asked(`/trace/${layer}?unit=${unit}`, { method: "POST", body: new Blob([/** @type {any} */ (record)]) })).json();

/** What the first layer takes, `(records, features)`. @param {(Uint8Array | Float32Array)[]} several */
export const prepared = async (several) =>
  new Float32Array(await (await asked("/prepared", { method: "POST", body: new Blob(/** @type {any} */ (several)) })).arrayBuffer());

/** A training with what is new of it; of a list that goes on only what came. @param {Record<string, any>} before @param {Record<string, any>} news */
function continued(before, news) {
  const story = { ...before };
  for (const [name, value] of Object.entries(news)) story[name] = value?.more ? [...before[name].slice(0, value.after), ...value.more] : value;
  return story;
}

/** Whether a record of the one is one of the other. @param {import("./store.js").Data} one @param {import("./store.js").Data | null} other */
const sameForm = (one, other) => one.name === other?.name && one.bytes === other.bytes && one.shape.join() === other.shape.join() && one.features.join() === other.features.join();

const AGAIN = 2000; // milliseconds until a server that refused is asked once more: it may be another by now

/** Follow the server's state; a lost connection is taken up again, by the browser or by us. */
export function follow() {
  const stream = new EventSource("/events");
  let first = true;
  stream.onmessage = (event) => {
    // First all of the state, then what has changed of it.
    const news = JSON.parse(event.data);
    const server = first ? news : { ...state.server, ...news, story: continued(state.server?.story ?? {}, news.story ?? {}) };
    first = false;
    // The first state of all, or of data that another tab or the command has opened with its network.
    const other = !state.server || (state.server.data?.name !== server.data?.name && server.story.phase === "trained");
    // A record that was drawn is of the data before.
    const replaced = state.server?.data && !sameForm(state.server.data, server.data);
    change({ ...(other ? settingsOf(server.story) : {}), ...(replaced ? { drawn: null, looked: "" } : {}), server, alive: true });
  };
  stream.onerror = () => {
    first = true;
    change({ alive: false });
    if (stream.readyState !== EventSource.CLOSED) return; // the browser asks again by itself
    stream.close();
    setTimeout(follow, AGAIN);
  };
}

/**
 * Calls of `work` that come faster than it ends: the newest counts, those between are dropped.
 * @param {(...given: any[]) => Promise<void>} work
 */
export function newest(work) {
  let running = false;
  /** @type {any[] | null} */ let next = null;
  return async (/** @type {any[]} */ ...given) => {
    next = given;
    if (running) return;
    running = true;
    while (next) {
      const now = next;
      next = null;
      try {
        await work(...now);
      } catch (error) {
        // The server is gone, or has other data by now: its next state draws anew. Anything else is a mistake of ours.
        if (!(error instanceof Refused) && !(error instanceof TypeError && /fetch/i.test(error.message))) console.error(error);
      }
    }
    running = false;
  };
}
