// Whatever is dropped on the page, wherever: a table, pictures by class, one picture to look at, a state of the page.
import { isPicture, sendPictures } from "./folder.js";
import { openState } from "./keep.js";
import { pile } from "./pile.js";
import { look, tried } from "./server.js";
import { change, state } from "./store.js";
import { sendTable } from "./table.js";
import { say } from "./words.js";

const TABLE = /\.(csv|tsv|txt|parquet|pq)$/i;
const MOST_FILES = 20_000;

/** @typedef {{path: string[], file: File}} Dropped */

/** Listen for what is dropped anywhere. */
export function listenForDrops() {
  const taken = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files");
  document.body.addEventListener("dragover", (event) => {
    if (!taken(event)) return;
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  document.body.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dropping");
  });
  document.body.addEventListener("drop", async (event) => {
    document.body.classList.remove("dropping");
    if (!taken(event)) return;
    event.preventDefault();
    const items = [...(event.dataTransfer?.items ?? [])].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const loose = [...(event.dataTransfer?.files ?? [])]; // now: nothing of it is there after the first wait
    const found = items.length ? await within(/** @type {FileSystemEntry[]} */ (items)) : loose.map((file) => ({ path: [], file }));
    await use(found);
  });
}

/** @param {Dropped[]} dropped */
async function use(dropped) {
  const pictures = dropped.filter(({ path, file }) => isPicture(path, file));
  const folders = pictures.filter(({ path }) => path.length);
  const [first] = dropped;
  if (folders.length) return useFolders(folders);
  if (pictures.length > 1) return pile(pictures.map(({ file }) => file));
  if (pictures.length) return lookAt(pictures[0].file);
  if (first?.file.name.endsWith(".json")) return openState(first.file);
  if (first && TABLE.test(first.file.name)) return sendTable(first.file);
  change({ problem: say("studio.drop.unknown", { name: first ? first.file.name.slice(0, 60) : "" }) });
}

/** Folders are classes, or hold them; one class alone needs another before there is something to tell apart. @param {Dropped[]} pictures */
async function useFolders(pictures) {
  const classes = new Set(pictures.map(({ path }) => path.at(-1)));
  if (classes.size === 1) return pile(pictures.map(({ file }) => file), pictures[0].path.at(-1));
  const [root, ...others] = new Set(pictures.map(({ path }) => path[0]));
  const words = /** @type {HTMLElement} */ (document.querySelector("#data .drop-room [aria-live]"));
  change({ chapter: "data" });
  if (others.length) return sendPictures(say("studio.pile.name"), pictures, words);
  // Pictures beside the classes' folders have no class.
  const placed = pictures.filter(({ path }) => path.length > 1).map(({ path, file }) => ({ path: path.slice(1), file }));
  await sendPictures(root, placed, words);
}

/** One picture becomes the record that the whole page speaks of. @param {File} file */
export async function lookAt(file) {
  const drawn = await tried(() => look(file, state.server?.data?.bytes ?? true));
  if (drawn) change({ drawn, chapter: state.server?.layers.length ? "understanding" : state.chapter });
}

/** All files of what was dropped, folders opened. @param {FileSystemEntry[]} entries @param {string[]} [path] @returns {Promise<Dropped[]>} */
async function within(entries, path = []) {
  /** @type {Dropped[]} */ const found = [];
  for (const entry of entries) {
    if (found.length > MOST_FILES) break;
    if (entry.isFile) found.push({ path, file: await new Promise((resolve, reject) => /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject)) });
    else found.push(...(await within(await listed(/** @type {FileSystemDirectoryEntry} */ (entry)), [...path, entry.name])));
  }
  return found;
}

/** A folder's entries, which come by the hundred. @param {FileSystemDirectoryEntry} folder @returns {Promise<FileSystemEntry[]>} */
async function listed(folder) {
  const reader = folder.createReader();
  /** @type {FileSystemEntry[]} */ const all = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return all;
    all.push(...some);
  }
}
