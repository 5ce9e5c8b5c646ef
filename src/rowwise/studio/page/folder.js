// A folder of pictures, a folder in it for each class → sent picture by picture, and then read as the data.
import { make, write } from "./dom.js";
import { put, tell, tried } from "./server.js";
import { say } from "./words.js";

const PICTURE = /\.(png|jpe?g|webp|gif|bmp|tiff?|avif)$/i;
const AT_ONCE = 6;

/** @param {HTMLElement} place */
export function buildFolder(place) {
  const input = make("input", { type: "file", id: "picture-folder", webkitdirectory: true, multiple: true, onchange: () => send([...(input.files ?? [])]) });
  const words = make("span", { "aria-live": "polite" }, say("studio.folder.choose"));
  place.append(make("label", { class: "drop", for: "picture-folder" }, words, input));

  /** @param {File[]} files */
  async function send(files) {
    // Pictures beside the classes' folders have no class.
    const pictures = files.filter((file) => PICTURE.test(file.name) && file.webkitRelativePath.split("/").length > 2);
    await tried(async () => {
      await tell("/pictures", { name: files[0]?.webkitRelativePath.split("/")[0] ?? "" });
      for (let from = 0; from < pictures.length; from += AT_ONCE) {
        await Promise.all(pictures.slice(from, from + AT_ONCE).map((file) => put("/picture", file, file.webkitRelativePath)));
        write(words, say("studio.folder.sending", { done: Math.min(from + AT_ONCE, pictures.length), count: pictures.length }));
      }
      await tell("/pictures");
    });
    write(words, say("studio.folder.choose"));
    input.value = "";
  }
}
