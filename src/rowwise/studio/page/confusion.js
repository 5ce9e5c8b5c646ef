// Which class was taken for which: counts that fill while it learns; behind each cell stand its records.
import { fill, make, write } from "./dom.js";
import { drawScores } from "./scores.js";
import { canvas, colour, css, paintRecord } from "./paint.js";
import { get, records, tried } from "./server.js";
import { sparingly } from "./sparing.js";
import { change, onChange, state } from "./store.js";
import { className, count, percent, say } from "./words.js";

const MOST_CLASSES = 20;

/** @param {HTMLElement} place */
export function buildConfusion(place) {
  const table = make("table", { class: "confusion" });
  const words = make("p", { class: "soft small" });
  const behind = make("div", { class: "behind", "aria-live": "polite" });
  const scores = make("table", { class: "products scores" });
  place.append(make("h3", {}, say("studio.confusion.heading")), words, make("div", { class: "scrolls" }, table), behind, make("div", { class: "scrolls" }, scores));
  /** @type {HTMLElement[][]} */ let cells = [];
  let names = "";

  /** @param {import("./store.js").Data} data @param {number} classes */
  function frame(data, classes) {
    cells = Array.from({ length: classes }, (_, row) =>
      Array.from({ length: classes }, (_, column) => make("button", { type: "button", onclick: () => open(row, column) })),
    );
    table.classList.toggle("brief", cells.every((_, label) => className(data, label).length < 4));
    fill(
      table,
      make("caption", {}, say("studio.confusion.caption")),
      make("thead", {}, make("tr", {}, make("td"), ...cells.map((_, label) => make("th", { scope: "col" }, make("span", {}, className(data, label)))))),
      make("tbody", {}, ...cells.map((row, label) => make("tr", {}, make("th", { scope: "row" }, className(data, label)), ...row.map((cell) => make("td", {}, cell))))),
    );
  }

  function draw() {
    const server = state.server;
    const data = server?.data;
    const matrix = server?.story.confusion ?? [];
    place.hidden = !data || !matrix.length || matrix.length > MOST_CLASSES;
    if (place.hidden || !data || !server) return;
    const key = `${data.name} ${state.lang} ${matrix.length}`;
    if (key !== names) {
      names = key;
      frame(data, matrix.length);
    }
    const right = matrix.reduce((sum, row, label) => sum + row[label], 0);
    const all = matrix.flat().reduce((sum, part) => sum + part, 0);
    write(words, say("studio.confusion.words", { right, count: all, share: percent(right / Math.max(1, all)) }));
    drawScores(scores, data, matrix);
    const ground = colour("card");
    const text = colour("fg");
    matrix.forEach((row, label) => {
      const sum = Math.max(1, row.reduce((total, part) => total + part, 0));
      row.forEach((part, column) => {
        const cell = cells[label][column];
        const ink = colour(label === column ? "y-ink" : "w-ink");
        const share = Math.min(1, (part / sum) * (label === column ? 1 : 2.5)) ** 0.7;
        if (cell.dataset.drawn === `${part}/${sum}`) return;
        cell.dataset.drawn = `${part}/${sum}`;
        cell.style.background = css(/** @type {any} */ (ground.map((base, index) => base + (ink[index] - base) * share * 0.85)));
        cell.style.color = share > 0.6 ? css(colour("bg")) : css(text);
        write(cell, part ? String(part) : "");
        cell.setAttribute("aria-label", say("studio.confusion.cell", { true: className(data, label), predicted: className(data, column), count: part }));
      });
    });
  }

  /** @param {number} row @param {number} column */
  async function open(row, column) {
    const data = state.server?.data;
    if (!data) return;
    const found = await tried(() => get(`/mistaken?true=${row}&predicted=${column}`));
    const title = say("studio.confusion.behind", { true: className(data, row), predicted: className(data, column) });
    if (!found?.length) return fill(behind, make("p", { class: "soft small" }, say(state.server?.story.phase === "trained" ? "studio.confusion.none" : "studio.confusion.later")));
    const images = data.kind === "pictures" ? await records(found) : [];
    fill(
      behind,
      make("p", { class: "small" }, title),
      make(
        "div",
        { class: "tiles" },
        ...found.map((/** @type {number} */ number, /** @type {number} */ place) => {
          const tile = canvas("record");
          if (images[place]) paintRecord(tile, images[place], data);
          return make("button", { type: "button", class: "tile", "aria-label": say("studio.data.record", { record: number }), onclick: () => change({ record: number, drawn: null, chapter: "understanding" }) }, images[place] ? tile : count(number));
        }),
      ),
    );
  }

  const show = sparingly(place, draw);
  let last = /** @type {unknown} */ (null);
  onChange((now) => {
    const story = now.server?.story;
    if (!story || now.chapter !== "learning" || story.confusion === last) return;
    if (JSON.stringify(story.confusion) === JSON.stringify(last)) return;
    last = story.confusion;
    if (story.phase === "beginning") fill(behind);
    show();
  });
}
