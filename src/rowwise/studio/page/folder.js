// Pictures with the folders that they lie in → sent one by one, and then read as a folder of the user's disk is.
import { make, write } from "./dom.js";
import { put, tell, tried } from "./server.js";
import { say } from "./words.js";

export const PICTURE = /\.(png|jpe?g|webp|gif|bmp|tiff?|avif)$/i;
const AT_ONCE = 6;
const LEFT_OUT = /^(\..*|thumbs\.db|desktop\.ini|__macosx|@eadir|\$recycle\.bin|lost\+found)$/i; // as everywhere in rowwise

/** @typedef {{path: string[], file: File}} Placed the folders within the one that is sent, and the picture */

/** Whether it is a picture, and neither it nor a folder around it is hidden. @param {string[]} path @param {File} file */
export const isPicture = (path, file) => PICTURE.test(file.name) && ![...path, file.name].some((name) => LEFT_OUT.test(name));

/** A folder, a folder in it for each class, is chosen. @param {HTMLElement} place */
export function buildFolder(place) {
  const input = make("input", { type: "file", id: "picture-folder", webkitdirectory: true, multiple: true, onchange: chosen });
  const words = make("span", { "aria-live": "polite" }, say("studio.folder.choose"));
  place.append(make("label", { class: "drop", for: "picture-folder" }, words, input));

  async function chosen() {
    const files = [...(input.files ?? [])];
    const placed = files.map((file) => ({ path: file.webkitRelativePath.split("/").slice(1, -1), file }));
    // Pictures beside the classes' folders have no class.
    const pictures = placed.filter(({ path, file }) => path.length && isPicture(path, file));
    await sendPictures(files[0]?.webkitRelativePath.split("/")[0] ?? "", pictures, words);
    write(words, say("studio.folder.choose"));
    input.value = "";
  }
}

/** @param {string} name of all of them @param {Placed[]} pictures @param {HTMLElement} words where it is told how far it is */
export function sendPictures(name, pictures, words) {
  return tried(async () => {
    await tell("/pictures", { name });
    for (let from = 0; from < pictures.length; from += AT_ONCE) {
      await Promise.all(pictures.slice(from, from + AT_ONCE).map(({ path, file }) => put("/picture", file, [name, ...path, file.name].join("/"))));
      write(words, say("studio.folder.sending", { done: Math.min(from + AT_ONCE, pictures.length), count: pictures.length }));
    }
    await tell("/pictures");
    return true;
  });
}
