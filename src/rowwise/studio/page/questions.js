// The ten questions that everybody asks, each with its answer and as a scene that one can touch.
import { make, write } from "./dom.js";
import { change, designed, onChange, state } from "./store.js";
import { say } from "./words.js";

/** @typedef {Partial<import("./store.js").State>} Scene */

const NETWORK = /** @type {Scene} */ ({ chapter: "network", convention: "keras", array: "X", layer: 0, unit: -1 });

/** A question's name, what the page then shows, and the part of it that the question is about. @type {[string, Scene, string][]} */
const SCENES = [
  ["none", { ...NETWORK, view: "designed" }, "ledger"],
  ["down-or-across", { ...NETWORK, view: "batch", batch: 32 }, "ledger"],
  ["kernel", { ...NETWORK, view: "designed", array: "W", ...designed([100, 30].map((units) => ({ units, activation: "relu", dropout: 0 }))) }, "design"],
  ["rows-first", { ...NETWORK, view: "batch", batch: 32 }, "ledger"],
  ["metrics", { chapter: "learning" }, "confusion-room"],
  ["one-or-batch", { ...NETWORK, view: "batch", batch: 32, lying: false }, "turn"],
  ["one-image", { ...NETWORK, view: "record" }, "ledger"],
  ["transposed", { ...NETWORK, view: "batch", batch: 32, convention: "torch", array: "W" }, "ledger"],
  ["next-layers", { ...NETWORK, view: "batch", batch: 32, layer: 1 }, "design"],
  ["houses", { ...NETWORK, view: "batch", batch: 32 }, "ledger"],
];

/** Go to a question, from 1; 0 closes them. @param {number} number */
export function ask(number) {
  if (number < 0 || number > SCENES.length) return;
  if (!number) return change({ question: 0 });
  const [, scene] = SCENES[number - 1];
  // A model that is trained keeps its widths: they are what its kernel is painted by.
  const { hidden, activation, dropout, ...rest } = scene;
  change({ ...rest, ...(state.server?.layers.length || !hidden ? {} : { hidden, activation, dropout }), question: number });
}

/** @param {HTMLElement} place */
export function buildQuestions(place) {
  const number = make("p", { class: "soft small" });
  const title = make("h2", {});
  const answer = make("p", { class: "question-answer" });
  const hint = make("p", { class: "soft small" });
  const button = (/** @type {string} */ key, /** @type {string} */ sign, /** @type {() => void} */ go) => make("button", { type: "button", class: "quiet", "aria-label": say(key), title: say(key), onclick: go }, sign);
  const back = button("studio.questions.before", "←", () => ask(state.question - 1));
  const on = button("studio.questions.after", "→", () => ask(state.question + 1));
  place.replaceChildren(
    make("div", { class: "question-words", "aria-live": "polite" }, number, title, answer, hint),
    make("div", { class: "tools" }, back, on, button("studio.questions.close", "×", () => ask(0))),
  );
  onChange((now) => {
    place.hidden = !now.question;
    if (!now.question || now.chapter !== SCENES[now.question - 1][1].chapter) delete document.body.dataset.look;
    else document.body.dataset.look = SCENES[now.question - 1][2];
    if (!now.question) return;
    const [name] = SCENES[now.question - 1];
    write(number, say("studio.questions.number", { number: now.question }));
    write(title, say(`studio.question.${name}.ask`));
    write(answer, say(`studio.question.${name}.answer`));
    const own = { metrics: now.server?.layers.length ? "studio.questions.cells" : "studio.questions.first_train", "one-or-batch": "studio.questions.turn" };
    write(hint, say(/** @type {Record<string, string>} */ (own)[name] ?? "studio.questions.try"));
    back.disabled = now.question === 1;
    on.disabled = now.question === SCENES.length;
  });
}
