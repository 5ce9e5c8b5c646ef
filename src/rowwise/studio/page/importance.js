// How much worse the network gets without each column of its table.
import { fill, make } from "./dom.js";
import { get, tried } from "./server.js";
import { onChange } from "./store.js";
import { figure, say } from "./words.js";

const MOST = 12;

/** @param {HTMLElement} place */
export function buildImportance(place) {
  const bars = make("div", { class: "answers" });
  const words = make("p", { class: "soft small" }, say("studio.importance.words"));
  const ask = make("button", { type: "button", class: "quiet", onclick: draw }, say("studio.importance.ask"));
  place.append(make("h3", {}, say("studio.importance.heading")), words, ask, bars);

  async function draw() {
    ask.disabled = true;
    const found = await tried(() => get("/importance"));
    ask.disabled = false;
    if (!found) return;
    const worse = (/** @type {any} */ column) => Math.max(0, column.mean);
    const most = Math.max(1e-9, ...found.columns.map(worse));
    fill(
      bars,
      ...found.columns.slice(0, MOST).map((/** @type {any} */ column) => {
        const bar = make("span", { class: "bar" });
        bar.style.width = `${(100 * worse(column)) / most}%`;
        return make("div", { class: "answer" }, make("span", { class: "answer-name" }, column.name), make("span", { class: "track" }, bar), make("span", { class: "share" }, figure(worse(column))));
      }),
    );
  }

  let last = "";
  onChange((now) => {
    const server = now.server;
    place.hidden = server?.data?.kind !== "table" || server.story.phase !== "trained";
    const key = `${server?.story.number} ${server?.data?.name}`;
    if (key !== last) fill(bars);
    last = key;
  });
}
