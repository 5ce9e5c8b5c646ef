// One batch at a time: forward, its loss, the steepest gradient, and what that does to one weight.
import { fill, make } from "./dom.js";
import { tell, tried } from "./server.js";
import { onChange } from "./store.js";
import { figure, say, shape } from "./words.js";

/** @param {HTMLElement} place @param {() => object} chosen the settings of the page */
export function buildStep(place, chosen) {
  const table = make("table", { class: "products" });
  const button = make("button", { type: "button", class: "quiet", onclick: step }, say("studio.step.next"));
  place.append(make("h3", {}, say("studio.step.heading")), make("p", { class: "soft" }, say("studio.step.words")), make("div", { class: "controls" }, button), make("div", { class: "scrolls", "aria-live": "polite" }, table));

  async function step() {
    button.disabled = true;
    const done = await tried(() => tell("/step", chosen()));
    button.disabled = false;
    if (!done) return;
    const weight = { feature: String(done.feature), unit: String(done.unit) };
    /** @type {[string, string, string][]} */
    const lines = [
      ["forward", `${shape([done.records, done.features])} · ${shape([done.features, done.units])}`, "sum"],
      ["loss", figure(done.loss), ""],
      ["gradient", figure(done.gradient), ""],
      ["before", figure(done.before), ""],
      ["after", figure(done.after), "sum"],
      ["loss_after", figure(done.loss_after), "sum"],
    ];
    const values = { ...weight, step: done.step, records: done.records, count: done.features * done.units, rate: String(done.rate) };
    fill(table, make("tbody", {}, ...lines.map(([name, text, kind]) => make("tr", { class: kind }, make("th", { scope: "row" }, say(`studio.step.${name}`, values)), make("td", {}, text)))));
  }

  let last = "";
  onChange((now) => {
    const data = now.server?.data;
    place.hidden = data?.task !== "classification";
    const key = `${data?.name} ${JSON.stringify(chosen())}`;
    if (key !== last) fill(table);
    last = key;
  });
}
