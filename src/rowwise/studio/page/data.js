// Chapter 1: which data, its samples by class, and the record that the whole page speaks of.
import { choice, fill, make, write } from "./dom.js";
import { canvas, paintRecord, sizes } from "./paint.js";
import { newest, records, tell, tried } from "./server.js";
import { change, featuresOf, onChange, state } from "./store.js";
import { className, say, sets, shape } from "./words.js";

const SHOWN = 8; // samples of a class

/** @param {HTMLElement} body @param {HTMLElement} glance */
export function buildData(body, glance) {
  const chosen = choice(
    say("studio.data.set"),
    sets.map((name) => [name, name]),
    (name) => tried(() => tell("/data", { name })),
  );
  const samples = make("div", { class: "samples" });
  const picture = canvas("record large");
  const caption = make("p", { class: "caption", "aria-live": "polite" });
  const flat = canvas("flat");
  const flatCaption = make("p", { class: "soft small" });
  body.append(
    make("h2", {}, say("studio.data.heading")),
    make("p", { class: "lead" }, say("studio.data.lead")),
    chosen.element,
    make(
      "div",
      { class: "columns" },
      samples,
      make("div", { class: "picked" }, make("h3", {}, say("studio.data.picked")), picture, caption, flat, flatCaption),
    ),
  );
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
      for (const place of [picture, small]) paintRecord(place, current, data);
      paintRecord(flat, current, { ...data, shape: [1, featuresOf(data)] });
    }
    picture.setAttribute("role", "img");
    picture.setAttribute("aria-label", say("studio.data.record", { record: state.record }));
    write(flatCaption, say("studio.data.flat", { shape: shape(data.shape), flat: shape([featuresOf(data)]) }));
    describe();
  });

  async function describe() {
    const data = state.server?.data;
    if (!data) return;
    const label = state.drawn ? undefined : data.samples.findIndex((numbers) => numbers.includes(state.record));
    const words = state.drawn
      ? say("studio.data.drawn")
      : label !== undefined && label >= 0 && data.classes.en.length
        ? say("studio.data.is", { record: state.record, name: className(data, label) })
        : say("studio.data.record", { record: state.record });
    write(caption, words);
  }

  const showSamples = newest(async () => {
    const data = state.server?.data;
    if (!data || data.kind !== "pictures") return fill(samples);
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
    for (const button of samples.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(!state.drawn && button.dataset.record === String(state.record)));
    }
  }

  let about = "";
  onChange((now, before) => {
    const data = now.server?.data;
    if (!data) return;
    const key = `${data.name} ${data.train} ${data.test}`;
    const other = key !== about;
    if (other) {
      about = key;
      chosen.show(data.name);
      if (now.record >= data.test) change({ record: 0 });
      showSamples();
    }
    if (other || now.record !== before.record || now.drawn !== before.drawn) {
      show();
      mark();
    }
  });
}

