// A table: dropped on the page, its columns shown as the network will see them, its target chosen; its records as rows.
import { fill, make } from "./dom.js";
import { put, records, tell, tried } from "./server.js";
import { change, state } from "./store.js";
import { say } from "./words.js";

const ROWS = 12;

/** @typedef {{name: string, kind: string, en: string[], ko: string[]}} Column */

/** A table is chosen. @param {HTMLElement} place */
export function buildTableInput(place) {
  const file = make("input", { type: "file", accept: ".csv,.tsv,.txt,.parquet,.pq", id: "table-file", onchange: () => file.files?.[0] && sendTable(file.files[0]) });
  place.append(make("label", { class: "drop", for: "table-file" }, make("span", {}, say("studio.table.drop")), file));
}

/** @param {File} file */
export function sendTable(file) {
  change({ chapter: "data" });
  return tried(() => put("/table", file, file.name));
}

/**
 * The columns of a table whose target is to be chosen; a click overrules what they were taken for.
 * @param {HTMLElement} place @param {{name: string, records: number, columns: Column[]}} offered
 */
export function drawOffered(place, offered) {
  const target = make("select", { id: "target", onchange: () => mark() }, ...offered.columns.map((column) => make("option", { value: column.name }, column.name)));
  target.value = offered.columns[offered.columns.length - 1]?.name ?? "";
  const choices = offered.columns.map((column) => ({
    column,
    select: make(
      "select",
      { "aria-label": say("studio.table.as", { name: column.name }) },
      make("option", { value: "" }, say("studio.table.detected")),
      ...["numeric", "categorical", "drop"].map((value) => make("option", { value }, say(value === "drop" ? "studio.table.drop_it" : `studio.table.${value}`))),
    ),
  }));
  const table = columnTable(offered.columns, choices.map((choice) => choice.select));
  function mark() {
    [...table.querySelectorAll("tbody tr")].forEach((row, index) => {
      const chosen = offered.columns[index].name === target.value;
      row.classList.toggle("target", chosen);
      choices[index].select.disabled = chosen;
    });
  }
  mark();
  const go = make(
    "button",
    {
      type: "button",
      class: "main",
      onclick: () => {
        const lists = { drop: [], categorical: [], numeric: [] };
        for (const { column, select } of choices) {
          if (select.value && column.name !== target.value) /** @type {Record<string, string[]>} */ (lists)[select.value].push(column.name);
        }
        return tried(() => tell("/target", { target: target.value, ...lists }));
      },
    },
    say("studio.table.read"),
  );
  fill(
    place,
    make("h3", {}, say("studio.table.offered", { name: offered.name, count: offered.records })),
    make("div", { class: "controls" }, make("label", { class: "slider", for: "target" }, say("studio.table.target"), target), go),
    make("div", { class: "scrolls" }, table),
  );
}

/** @param {Column[]} columns @param {HTMLElement[]} [choices] */
function columnTable(columns, choices) {
  const lang = /** @type {"en" | "ko"} */ (state.lang);
  const heads = ["name", "kind", "missing", "values", "enters", "x"].map((name) => make("th", { scope: "col" }, say(`studio.table.head.${name}`)));
  if (choices) heads.push(make("th", { scope: "col" }, say("studio.table.head.as")));
  const rows = columns.map((column, index) =>
    make("tr", {}, make("th", { scope: "row" }, column.name), ...column[lang].map((cell) => make("td", {}, cell)), ...(choices ? [make("td", {}, choices[index])] : [])),
  );
  return make("table", { class: "columns-table" }, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows));
}

/** What a number of X means: a level's name, or itself. @param {import("./store.js").Data} data @param {number} input @param {number} value */
export function valueText(data, input, value) {
  const levels = data.inputs[input]?.levels ?? [];
  if (Number.isNaN(value)) return say("studio.table.missing");
  if (levels.length) return levels[value] ?? say("studio.table.unknown");
  return String(Number(value.toPrecision(5))).replace("-", "−");
}

/** Records as rows, features as columns: the first of the test records. @param {HTMLElement} place @param {import("./store.js").Data} data */
export async function drawRows(place, data) {
  const numbers = Array.from({ length: Math.min(ROWS, data.test) }, (_, number) => number);
  const x = await records(numbers);
  const table = make(
    "table",
    { class: "columns-table" },
    make("thead", {}, make("tr", {}, make("th", {}, ""), ...data.features.map((name) => make("th", { scope: "col" }, name)))),
    make(
      "tbody",
      {},
      ...numbers.map((number) =>
        make(
          "tr",
          {},
          make("th", { scope: "row" }, make("button", { type: "button", class: "quiet", "data-record": number, onclick: () => change({ record: number, drawn: null }) }, say("studio.turn.row", { record: String(number) }))),
          ...[...x[number]].map((value, input) => make("td", { class: Number.isNaN(value) ? "soft" : "" }, valueText(data, input, value))),
        ),
      ),
    ),
  );
  fill(place, make("h3", {}, say("studio.table.columns")), make("div", { class: "scrolls" }, columnTable(data.columns)), make("h3", {}, say("studio.table.rows")), make("div", { class: "scrolls" }, table));
}
