// Pictures that are dropped class by class: a box for each class, until there are enough to learn from.
import { fill, make, write } from "./dom.js";
import { isPicture, sendPictures } from "./folder.js";
import { change } from "./store.js";
import { count, say } from "./words.js";

const SHOWN = 8; // pictures of a class
const LEAST_CLASSES = 2;

/** @type {{name: string, files: File[]}[]} */
let classes = [];
/** @type {() => void} */
let redraw = () => {};

/** A name that no class has. */
function another() {
  let number = 1;
  while (classes.some((one) => one.name === say("studio.pile.class", { number }))) number += 1;
  return say("studio.pile.class", { number });
}

/** Open the boxes, with pictures of a class whose name is still to be given. @param {File[]} [files] @param {string} [name] */
export function pile(files = [], name = "") {
  const same = name ? classes.find((one) => one.name === name) : classes.find((one) => !one.files.length);
  if (same) same.files.push(...files);
  else classes.push({ name: name || another(), files: [...files] });
  while (classes.length < LEAST_CLASSES) classes.push({ name: another(), files: [] });
  change({ chapter: "data" });
  redraw();
}

/** @param {HTMLElement} place */
export function buildPile(place) {
  const boxes = make("div", { class: "pile" });
  const words = make("p", { class: "soft small", "aria-live": "polite" }, say("studio.pile.words"));
  const go = make("button", { type: "button", class: "main", onclick: learn }, say("studio.pile.read"));
  const more = make("button", { type: "button", class: "quiet", onclick: () => pile() }, say("studio.pile.add"));
  const close = make("button", { type: "button", class: "quiet", onclick: () => ((classes = []), redraw()) }, say("studio.pile.close"));
  place.append(make("h3", {}, say("studio.pile.heading")), words, boxes, make("div", { class: "controls" }, go, more, close));
  redraw = draw;
  draw();

  async function learn() {
    const placed = classes.flatMap(({ name, files }) => files.map((file) => ({ path: [name], file })));
    if (await sendPictures(say("studio.pile.name"), placed, words)) classes = []; // refused, they can be sent again
    write(words, say("studio.pile.words"));
    draw();
  }

  function draw() {
    place.hidden = !classes.length;
    go.disabled = classes.filter((one) => one.files.length).length < LEAST_CLASSES;
    for (const image of boxes.querySelectorAll("img")) URL.revokeObjectURL(image.src);
    fill(boxes, ...classes.map(box));
  }

  /** Two boxes of one name are one class: they become one box, and that is said. @param {{name: string, files: File[]}} own */
  function join(own) {
    const same = classes.find((one) => one !== own && one.name.normalize() === own.name.normalize());
    if (!same) return;
    same.files.push(...own.files);
    classes = classes.filter((one) => one !== own);
    if (classes.length < LEAST_CLASSES) classes.push({ name: another(), files: [] });
    write(words, say("studio.pile.joined", { name: same.name, count: count(same.files.length) }));
    draw();
  }

  /** @param {{name: string, files: File[]}} own @param {number} index */
  function box(own, index) {
    const name = make("input", { type: "text", maxlength: 60, value: own.name, "aria-label": say("studio.pile.label", { number: index + 1 }), onchange: () => {
        own.name = name.value.replaceAll(/[\\/]/g, "-").trim() || own.name; // a class is a folder
        name.value = own.name;
        join(own);
      } });
    const take = (/** @type {File[]} */ files) => {
      own.files.push(...files.filter((file) => isPicture([], file)));
      draw();
    };
    const file = make("input", { type: "file", multiple: true, accept: "image/*", id: `pile-${index}`, onchange: () => take([...(file.files ?? [])]) });
    const pictures = own.files.slice(0, SHOWN).map((one) => make("img", { src: URL.createObjectURL(one), alt: "" }));
    const target = make(
      "div",
      {
        class: "pile-box",
        ondragover: (/** @type {DragEvent} */ event) => {
          event.preventDefault();
          target.classList.add("over");
        },
        ondragleave: () => target.classList.remove("over"),
        ondrop: (/** @type {DragEvent} */ event) => {
          event.preventDefault();
          event.stopPropagation();
          document.body.classList.remove("dropping");
          take([...(event.dataTransfer?.files ?? [])]);
        },
      },
      make("div", { class: "pile-head" }, name, make("button", { type: "button", class: "icon", "aria-label": say("studio.pile.remove", { number: index + 1 }), onclick: () => ((classes = classes.filter((one) => one !== own)), draw()) }, "×")),
      make("div", { class: "pile-pictures" }, ...pictures, own.files.length > SHOWN ? make("span", { class: "soft" }, `+${count(own.files.length - SHOWN)}`) : ""),
      make("label", { class: "drop", for: `pile-${index}` }, make("span", {}, say("studio.pile.drop")), file),
    );
    return target;
  }
}
