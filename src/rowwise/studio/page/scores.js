// Precision, recall and F1 of each class, counted from the confusion matrix, and their plain mean.
import { fill, make } from "./dom.js";
import { className, count, say } from "./words.js";

/** Of each class; a quotient without a denominator counts 0. @param {number[][]} matrix rows: what it is */
export function scoresOf(matrix) {
  return matrix.map((row, label) => {
    const right = row[label];
    const support = row.reduce((sum, part) => sum + part, 0);
    const predicted = matrix.reduce((sum, other) => sum + other[label], 0);
    return { precision: predicted ? right / predicted : 0, recall: support ? right / support : 0, f1: support + predicted ? (2 * right) / (support + predicted) : 0, support, right, predicted };
  });
}

/** @param {HTMLElement} place @param {import("./store.js").Data} data @param {number[][]} matrix */
export function drawScores(place, data, matrix) {
  const scores = scoresOf(matrix);
  const occur = scores.filter((score) => score.support || score.predicted);
  const mean = (/** @type {"precision" | "recall" | "f1"} */ name) => occur.reduce((sum, score) => sum + score[name], 0) / Math.max(1, occur.length);
  const share = (/** @type {number} */ value) => value.toFixed(4);
  const cells = (/** @type {string[]} */ texts) => texts.map((text) => make("td", {}, text));
  fill(
    place,
    make("caption", {}, say("studio.scores.caption")),
    make("thead", {}, make("tr", {}, make("td"), ...["precision", "recall", "f1", "support"].map((name) => make("th", { scope: "col" }, say(`studio.scores.${name}`))))),
    make(
      "tbody",
      {},
      ...scores.map((score, label) => make("tr", {}, make("th", { scope: "row" }, className(data, label)), ...cells([share(score.precision), share(score.recall), share(score.f1), count(score.support)]))),
      make("tr", { class: "sum" }, make("th", { scope: "row" }, say("studio.scores.macro")), ...cells([share(mean("precision")), share(mean("recall")), share(mean("f1")), count(scores.reduce((sum, score) => sum + score.support, 0))])),
    ),
  );
}
