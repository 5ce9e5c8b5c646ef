// Chapter 1: which data, its samples by class, and the record that the whole page speaks of.
import { choice, fill, make, write } from "./dom.js";
import { buildFolder } from "./folder.js";
import { canvas, paintRecord, sizes } from "./paint.js";
import { offer } from "./picture.js";
import { newest, records, tell, tried } from "./server.js";
import { change, featuresOf, onChange, state } from "./store.js";
import { buildPile, pile } from "./pile.js";
import { buildTableInput, drawOffered, drawRows, valueText } from "./table.js";
import { className, say, sets, shape } from "./words.js";

const SHOWN = 8; // samples of a class

/** @param {HTMLElement} body @param {HTMLElement} glance */
export function buildData(body, glance) {
  const chosen = choice(
    say("studio.data.set"),
    sets.map((name) => [name, name]),
    (name) => tried(() => tell("/data", { name })),
  );
  const lead = make("p", { class: "lead" });
  const drop = make("div", { class: "drop-room" });
  const offered = make("div", { class: "offered" });
  const notes = make("ul", { class: "notes" });
  buildTableInput(drop);
  buildFolder(drop);
  drop.append(make("button", { type: "button", class: "drop", onclick: () => pile() }, say("studio.pile.open")));
  const boxes = make("section", { class: "offered", hidden: true });
  buildPile(boxes);
  const samples = make("div", { class: "samples" });
  const picture = canvas("record large");
  const values = make("dl", { class: "values" });
  const caption = make("p", { class: "caption", "aria-live": "polite" });
  const flat = canvas("flat");
  const flatCaption = make("p", { class: "soft small" });
  const picked = make("div", { class: "picked" }, make("h3", {}, say("studio.data.picked")), picture, caption, values, flat, flatCaption);
  body.append(
    make("h2", {}, say("studio.data.heading")),
    lead,
    make("div", { class: "controls" }, chosen.element, drop),
    offered,
    boxes,
    notes,
    make(
      "div",
      { class: "columns" },
      samples,
      picked,
    ),
  );
  offer(picked, "record");
  const small = canvas("record");
  glance.append(small);

  picture.addEventListener("pointermove", (event) => {
    const data = state.server?.data;
    if (!data || data.kind !== "pictures") return;
    const { height, width, channels } = sizes(data.shape);
    const box = picture.getBoundingClientRect();
    const row = Math.min(height - 1, Math.floor(((event.clientY - box.top) / box.height) * height));
    const column = Math.min(width - 1, Math.floor(((event.clientX - box.left) / box.width) * width));
    const feature = (row * width + column) * channels;
    write(caption, say("studio.data.pixel", { row, column, feature, value: String(current?.[feature] ?? "") }));
  });
  picture.addEventListener("pointerleave", () => describe());

  /** @type {Uint8Array | Float32Array | undefined} */ let current;
  const show = newest(async () => {
    const data = state.server?.data;
    if (!data) return;
    current = state.drawn ?? (await records([state.record]))[0];
    if (data.kind === "pictures") {
      paintRecord(small, current, data);
      if (state.chapter === "data") {
        paintRecord(picture, current, data);
        paintRecord(flat, current, { ...data, shape: [1, featuresOf(data)] });
      }
    }
    for (const part of [picture, flat, small]) part.hidden = data.kind !== "pictures";
    values.hidden = data.kind === "pictures";
    if (data.kind === "table") {
      const record = current;
      fill(values, ...data.features.flatMap((name, input) => [make("dt", {}, name), make("dd", {}, valueText(data, input, record[input]))]));
    }
    picture.setAttribute("role", "img");
    picture.setAttribute("aria-label", say("studio.data.record", { record: state.record }));
    flatCaption.hidden = data.kind === "arrays";
    if (data.kind === "table") write(flatCaption, say("studio.data.row", { flat: shape([featuresOf(data)]) }));
    else write(flatCaption, say("studio.data.flat", { shape: shape(data.shape), flat: shape([featuresOf(data)]) }));
    describe();
  });

  async function describe() {
    const data = state.server?.data;
    if (!data) return;
    const label = state.drawn ? undefined : data.samples.findIndex((numbers) => numbers.includes(state.record));
    const words = state.drawn
      ? say(data.kind === "table" ? "studio.data.changed" : "studio.data.drawn")
      : label !== undefined && label >= 0 && data.classes.en.length
        ? say("studio.data.is", { record: state.record, name: className(data, label) })
        : say("studio.data.record", { record: state.record });
    write(caption, words);
  }

  const showSamples = newest(async () => {
    const data = state.server?.data;
    if (!data) return;
    if (data.kind === "table") return drawRows(samples, data);
    if (data.kind !== "pictures") return fill(samples);
    const numbers = data.samples.flatMap((some) => some.slice(0, SHOWN));
    const all = await records(numbers);
    let place = 0;
    fill(
      samples,
      ...data.samples.map((some, label) => {
        const name = data.classes.en.length ? className(data, label) : "";
        const row = some.slice(0, SHOWN).map((number) => {
          const tile = canvas("record");
          paintRecord(tile, all[place++], data);
          const button = make(
            "button",
            { type: "button", class: "tile", "data-record": number, "aria-label": `${name} ${number}`, onclick: () => change({ record: number, drawn: null }) },
            tile,
          );
          return button;
        });
        return make("div", { class: "sample-row" }, make("span", { class: "class-name" }, name), make("div", { class: "tiles" }, ...row));
      }),
    );
    mark();
  });

  function mark() {
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (samples.querySelectorAll("button[data-record]"))) {
      button.setAttribute("aria-pressed", String(!state.drawn && button.dataset.record === String(state.record)));
    }
  }

  let about = "";
  let noted = "";
  let asked = /** @type {string | null} */ (null);
  onChange((now, before) => {
    const waiting = now.server?.offered ?? null;
    const question = waiting && JSON.stringify(waiting);
    if (question !== asked) {
      asked = question;
      if (waiting) drawOffered(offered, waiting);
      else fill(offered);
    }
    const told = (now.server?.notes ?? []).join("\n");
    if (told !== noted) fill(notes, ...(now.server?.notes ?? []).map((note) => make("li", {}, note)));
    noted = told;
    const data = now.server?.data;
    if (!data) return;
    const key = `${data.name} ${data.train} ${data.test}`;
    const other = key !== about;
    if (other) {
      about = key;
      chosen.show(data.name);
      write(lead, say(data.kind === "table" ? "studio.data.lead.table" : "studio.data.lead"));
      if (now.record >= data.test) change({ record: 0 });
      showSamples();
    }
    if (other || now.record !== before.record || now.drawn !== before.drawn || (now.chapter === "data" && before.chapter !== "data")) {
      show();
      mark();
    }
  });
}

