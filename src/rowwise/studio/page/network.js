// Chapter 2: the layers as one builds them, every shape to scale, and the two drawings of one record.
import { buildDesign } from "./design.js";
import { choice, make, write } from "./dom.js";
import { buildLedger } from "./ledger.js";
import { canvas, paint, signed } from "./paint.js";
import { offer } from "./picture.js";
import { change, layersOf, onChange } from "./store.js";
import { buildTurn } from "./turn.js";
import { count, say } from "./words.js";

const BATCHES = [1, 2, 4, 8, 16, 32, 64, 128];

/** @param {HTMLElement} body @param {HTMLElement} glance */
export function buildNetwork(body, glance) {
  const view = choice(
    say("studio.view"),
    [
      ["designed", say("studio.view.designed")],
      ["record", say("studio.view.record")],
      ["batch", say("studio.view.batch")],
    ],
    (chosen) => change({ view: chosen }),
  );
  const slider = make("input", {
    type: "range",
    min: 0,
    max: BATCHES.length - 1,
    step: 1,
    id: "batch-slider",
    oninput: () => change({ batch: BATCHES[Number(slider.value)], view: "batch" }),
  });
  const size = make("output", { for: "batch-slider" });
  const convention = choice(
    say("studio.convention"),
    [
      ["keras", "Keras"],
      ["torch", "PyTorch"],
      ["columns", say("studio.convention.columns")],
    ],
    (chosen) => change({ convention: chosen }),
  );
  const design = make("div", { class: "design" });
  const ledger = make("div", { class: "ledger" });
  const turn = make("div", { class: "turn" });
  body.append(
    make("h2", {}, say("studio.network.heading")),
    make("p", { class: "lead" }, say("studio.network.lead")),
    design,
    make(
      "div",
      { class: "controls" },
      view.element,
      make("label", { class: "slider", for: "batch-slider" }, make("span", {}, say("studio.batch")), slider, size),
      convention.element,
    ),
    ledger,
    turn,
  );
  buildDesign(design);
  buildLedger(ledger);
  buildTurn(turn);
  offer(ledger, "ledger");
  offer(turn, "turn");

  const small = canvas("mini");
  let painted = "";
  const total = make("span", { class: "soft small" });
  glance.append(small, total);

  onChange((now) => {
    view.show(now.view);
    convention.show(now.convention);
    slider.value = String(Math.max(0, BATCHES.indexOf(now.batch)));
    slider.setAttribute("aria-valuetext", say("studio.batch.records", { count: now.batch }));
    write(size, String(now.batch));
    const layers = layersOf(now);
    if (!layers.length) return;
    const data = now.server?.data;
    turn.hidden = !data || data.kind === "table" && data.wide !== data.features.length; // whose columns are not the features
    write(total, layers.map((layer) => layer.features).concat(layers[layers.length - 1].units).map(count).join(" → "));
    const form = JSON.stringify(layers);
    if (form !== painted) paintMini(small, layers);
    painted = form;
  });
}

/** All kernels beside one another, to one scale. @param {HTMLCanvasElement} place @param {import("./store.js").Layer[]} layers */
function paintMini(place, layers) {
  const gap = 24;
  const tallest = Math.max(...layers.map((layer) => layer.features));
  const width = layers.reduce((sum, layer) => sum + layer.units + gap, 0);
  const scale = Math.max(tallest, width) / 180;
  /** @type {{from: number, to: number, high: number}[]} */ const bars = [];
  let from = 0;
  for (const layer of layers) {
    bars.push({ from, to: from + Math.max(1.5, layer.units / scale), high: Math.max(2, layer.features / scale) });
    from += Math.max(1.5, layer.units / scale) + 5;
  }
  const rows = Math.ceil(Math.max(...bars.map((bar) => bar.high)));
  paint(place, rows, Math.ceil(from), (row, column) =>
    bars.some((bar) => column >= bar.from && column < bar.to && rows - row <= bar.high) ? signed(0.75) : signed(0),
  );
}
