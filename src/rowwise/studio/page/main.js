// The page: its head, and the four chapters of the story from left to right.
import { buildData } from "./data.js";
import { fill, keepingFocus, make, write } from "./dom.js";
import { listenForDrops } from "./drop.js";
import { copyLink, keepState, openState } from "./keep.js";
import { begin, buildLearning } from "./learning.js";
import { readLink, writeLink } from "./link.js";
import { buildNetwork } from "./network.js";
import { forgetColours } from "./paint.js";
import { ask, buildQuestions } from "./questions.js";
import { follow } from "./server.js";
import { busy, change, forgetDrawers, onChange, state } from "./store.js";
import { buildUnderstanding } from "./understanding.js";
import { loadWords, say, sayAll } from "./words.js";

/** @typedef {import("./store.js").Chapter} Chapter */

/** @type {[Chapter, (body: HTMLElement, spine: HTMLElement) => void][]} */
const CHAPTERS = [
  ["data", buildData],
  ["network", buildNetwork],
  ["learning", buildLearning],
  ["understanding", buildUnderstanding],
];
const THEMES = ["", "light", "dark"];
const one = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

function build() {
  forgetDrawers();
  document.documentElement.lang = state.lang;
  document.title = `rowwise ${say("studio.name")}`;
  sayAll(document);
  const sections = CHAPTERS.map(([chapter, fillIn], index) => {
    const glance = make("div", { class: "glance", "aria-hidden": "true" });
    const spine = make(
      "button",
      { type: "button", class: "spine", "aria-controls": `body-${chapter}`, onclick: () => change({ chapter }) },
      make("span", { class: "number" }, String(index + 1)),
      make("span", { class: "title" }, say(`studio.chapter.${chapter}`)),
      glance,
    );
    const body = make("div", { class: "body", id: `body-${chapter}` });
    fillIn(body, glance);
    return make("section", { class: "chapter", id: chapter, "aria-label": say(`studio.chapter.${chapter}`) }, spine, body);
  });
  fill(one("story"), ...sections);
  buildQuestions(one("question"));
  onChange(drawHead);
  onChange((now, before) => {
    if (now.chapter !== before.chapter) showChapter();
  });
  showChapter();
  onChange(writeLink);
  change({});
}

function showChapter() {
  for (const section of document.querySelectorAll(".chapter")) {
    const open = section.id === state.chapter;
    section.classList.toggle("open", open);
    section.querySelector(".spine")?.setAttribute("aria-expanded", String(open));
  }
}

function drawHead() {
  const server = state.server;
  const data = server?.data;
  const lang = /** @type {"en" | "ko"} */ (state.lang);
  const about = server?.loading || !data ? say("studio.loading") : say("studio.about", { origin: data.origin[lang], train: data.train, test: data.test });
  write(one("about"), server ? about : "");
  const problem = !state.alive ? say("studio.gone") : state.problem || server?.failed || "";
  write(one("problem"), problem);
  one("problem").hidden = !problem;
  one("language").textContent = state.lang === "ko" ? "English" : "한국어";
  one("language").lang = state.lang === "ko" ? "en" : "ko";
  one("theme").textContent = say(`studio.theme.${state.theme || "system"}`);
  keepingFocus(
    () => (one("go").hidden = state.chapter === "learning" || busy(state) || !data || Boolean(server?.layers.length)),
    () => document.querySelector(".chapter.open .spine"),
  );
  one("questions").setAttribute("aria-pressed", String(state.question > 0));
  one("projector").setAttribute("aria-pressed", String(state.projector));
  document.documentElement.dataset.theme = state.theme;
  document.documentElement.classList.toggle("projector", state.projector);
  document.body.classList.toggle("busy", busy(state));
}

function listen() {
  one("language").addEventListener("click", () => {
    state.lang = state.lang === "ko" ? "en" : "ko";
    build();
  });
  one("theme").addEventListener("click", () => {
    state.theme = THEMES[(THEMES.indexOf(state.theme) + 1) % THEMES.length];
    document.documentElement.dataset.theme = state.theme;
    repaint();
  });
  one("copy-link").addEventListener("click", async () => {
    await copyLink();
    write(one("copy-link"), say("studio.keep.copied"));
  });
  one("keep-state").addEventListener("click", keepState);
  const file = /** @type {HTMLInputElement} */ (one("open-state"));
  file.addEventListener("change", async () => {
    if (file.files?.[0]) await openState(file.files[0]);
    file.value = "";
  });
  const more = /** @type {HTMLDetailsElement} */ (one("more"));
  document.addEventListener("click", (event) => {
    if (!more.contains(/** @type {Node} */ (event.target))) more.open = false;
  });
  more.addEventListener("toggle", () => write(one("copy-link"), say("studio.keep.link")));
  more.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    more.open = false;
    more.querySelector("summary")?.focus();
  });
  listenForDrops();
  one("go").addEventListener("click", begin);
  one("questions").addEventListener("click", () => ask(state.question ? 0 : 1));
  one("projector").addEventListener("click", () => change({ projector: !state.projector }));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  document.addEventListener("keydown", (event) => {
    const within = /** @type {HTMLElement} */ (event.target).closest("input, select, textarea");
    if (within || event.ctrlKey || event.metaKey || event.altKey) return;
    const number = "1234".indexOf(event.key);
    if (number >= 0) change({ chapter: CHAPTERS[number][0] });
    // A remote for slides sends these keys.
    const by = { PageDown: 1, PageUp: -1 }[event.key];
    if (!by || !(state.projector || state.question)) return;
    event.preventDefault();
    if (state.question) return ask(Math.max(1, state.question + by));
    const place = CHAPTERS.findIndex(([chapter]) => chapter === state.chapter) + by;
    if (CHAPTERS[place]) change({ chapter: CHAPTERS[place][0] });
  });
}

function repaint() {
  forgetColours();
  build();
}

readLink();
await loadWords(state.lang);
if (state.question) ask(state.question);
build();
listen();
follow();
