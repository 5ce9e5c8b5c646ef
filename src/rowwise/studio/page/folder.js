// Pictures with the names of their classes → sent one by one, and then read as the data.
import { make, write } from "./dom.js";
import { put, tell, tried } from "./server.js";
import { say } from "./words.js";

export const PICTURE = /\.(png|jpe?g|webp|gif|bmp|tiff?|avif)$/i;
const AT_ONCE = 6;

/** @typedef {{label: string, file: File}} Labelled */

/** A folder, a folder in it for each class, is chosen. @param {HTMLElement} place */
export function buildFolder(place) {
  const input = make("input", { type: "file", id: "picture-folder", webkitdirectory: true, multiple: true, onchange: chosen });
  const words = make("span", { "aria-live": "polite" }, say("studio.folder.choose"));
  place.append(make("label", { class: "drop", for: "picture-folder" }, words, input));

  async function chosen() {
    const files = [...(input.files ?? [])];
    // Pictures beside the classes' folders have no class.
    const pictures = files.filter((file) => PICTURE.test(file.name) && file.webkitRelativePath.split("/").length > 2);
    const labelled = pictures.map((file) => ({ label: file.webkitRelativePath.split("/").at(-2) ?? "", file }));
    await sendPictures(files[0]?.webkitRelativePath.split("/")[0] ?? "", labelled, words);
    write(words, say("studio.folder.choose"));
    input.value = "";
  }
}

/** @param {string} name of all of them @param {Labelled[]} pictures @param {HTMLElement} words where it is told how far it is */
export function sendPictures(name, pictures, words) {
  return tried(async () => {
    await tell("/pictures", { name });
    for (let from = 0; from < pictures.length; from += AT_ONCE) {
      await Promise.all(pictures.slice(from, from + AT_ONCE).map(({ label, file }) => put("/picture", file, `${name}/${label}/${file.name}`)));
      write(words, say("studio.folder.sending", { done: Math.min(from + AT_ONCE, pictures.length), count: pictures.length }));
    }
    await tell("/pictures");
    return true;
  });
}
