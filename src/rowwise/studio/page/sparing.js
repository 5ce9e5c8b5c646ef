// What a training changes is drawn where it is seen, and a few times a second at most: the training needs the cores.
import { state } from "./store.js";

const APART = 400; // milliseconds between two drawings of a part while a training is under way

/**
 * Asked for by each state: what is put off is drawn with a later one, at the latest with the one that ends the training.
 * @param {HTMLElement} place @param {() => unknown} draw @returns {() => void} ask for it
 */
export function sparingly(place, draw) {
  let seen = false;
  let wanted = false;
  let last = -Infinity;
  const ask = () => {
    wanted = true;
    const training = state.server?.story.phase === "training";
    if (training && ((!seen && !place.hidden) || performance.now() - last < APART)) return;
    wanted = false;
    last = performance.now();
    draw();
  };
  new IntersectionObserver((entries) => {
    seen = entries.some((entry) => entry.isIntersecting);
    if (seen && wanted) ask();
  }).observe(place);
  return ask;
}
