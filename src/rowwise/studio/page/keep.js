// The page's state ↔ a file: what the link says, the data that it is of, and the record that was drawn.
import { linkOf, readState } from "./link.js";
import { save } from "./picture.js";
import { tell, tried } from "./server.js";
import { change, featuresOf, state, until } from "./store.js";
import { say, sets } from "./words.js";

const FORM = "rowwise-studio";
const MOST = 1 << 24; // letters of a file that is read

export function keepState() {
  const { drawn } = state;
  const content = { [FORM]: 1, data: state.server?.data?.name ?? "", state: linkOf(state), drawn: drawn ? { bytes: drawn instanceof Uint8Array, values: [...drawn] } : null };
  save(new Blob([JSON.stringify(content)], { type: "application/json" }), "rowwise-studio.json");
}

/** @param {File} file */
export async function openState(file) {
  const kept = await file.slice(0, MOST).text().then(JSON.parse).catch(() => null);
  if (kept?.[FORM] !== 1 || typeof kept.state !== "string") return change({ problem: say("studio.keep.none", { name: file.name.slice(0, 60) }) });
  if (kept.data !== state.server?.data?.name) {
    if (!sets.includes(kept.data)) return change({ problem: say("studio.keep.data", { name: String(kept.data).slice(0, 60) }) });
    if (!(await tried(() => tell("/data", { name: kept.data })))) return; // the server has said why
    await until(({ server }) => Boolean(server && !server.loading && (server.failed || server.data?.name === kept.data)));
  }
  const data = state.server?.data;
  if (!data || data.name !== kept.data) return; // they cannot be read: the page says so
  const { lang, theme } = state; // whoever opens the file keeps their own
  readState(kept.state);
  Object.assign(state, { lang, theme, record: state.record < data.test ? state.record : 0 });
  const drawn = Array.isArray(kept.drawn?.values) ? (kept.drawn.bytes ? Uint8Array : Float32Array).from(kept.drawn.values.map(Number)) : null;
  const fits = drawn && drawn.length === featuresOf(data) && kept.drawn.bytes === data.bytes;
  change({ drawn: fits ? drawn : null, problem: drawn && !fits ? say("studio.keep.drawn", { shape: `(${data.shape.join(", ")})` }) : "" });
}

/** The address that opens the same page, for whoever may see this studio. */
export const copyLink = () => navigator.clipboard?.writeText(`${location.origin}/#${linkOf(state)}`);
