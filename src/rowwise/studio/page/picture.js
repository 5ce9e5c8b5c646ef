// What stands on the page → a file of it, as SVG or PNG: its boxes, texts, canvases and drawings, as they look now.
import { make } from "./dom.js";
import { say } from "./words.js";

const STYLES = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "opacity", "font-size", "font-weight", "font-family", "text-anchor"];
const MARGIN = 16; // pixels around it
const DENSITY = 2; // pixels of the PNG for each of the page's

/** Offer a part of the page as a file. @param {HTMLElement} part @param {string} name of the file */
export function offer(part, name) {
  const button = (/** @type {"png" | "svg"} */ kind) =>
    make("button", { type: "button", class: "icon", "aria-label": say("studio.picture.take", { name: say(`studio.picture.${name}`), kind: kind.toUpperCase() }), title: say("studio.picture.take", { name: say(`studio.picture.${name}`), kind: kind.toUpperCase() }), onclick: () => take(part, name, kind) }, kind.toUpperCase());
  part.classList.add("takeable");
  part.append(make("div", { class: "take", role: "group" }, button("png"), button("svg")));
}

/** @param {HTMLElement} part @param {string} name @param {"png" | "svg"} kind */
async function take(part, name, kind) {
  const { text, width, height } = asSvg(part);
  const drawing = new Blob([text], { type: "image/svg+xml" });
  save(kind === "svg" ? drawing : await asPng(drawing, width, height), `rowwise-${name}.${kind}`);
}

/** Give the reader a file. @param {Blob} content @param {string} name */
export function save(content, name) {
  const address = URL.createObjectURL(content);
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** @param {Blob} drawing @param {number} width @param {number} height @returns {Promise<Blob>} */
async function asPng(drawing, width, height) {
  const address = URL.createObjectURL(drawing);
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = make("canvas", { width: Math.ceil(width * DENSITY), height: Math.ceil(height * DENSITY) });
    /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")).drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("PNG"))), "image/png"));
  } finally {
    URL.revokeObjectURL(address);
  }
}

/** @param {Element} part */
export function asSvg(part) {
  const box = part.getBoundingClientRect();
  const width = Math.max(box.width, part.scrollWidth) + 2 * MARGIN;
  const height = Math.max(box.height, part.scrollHeight) + 2 * MARGIN;
  /** @type {string[]} */ const out = [];
  walk(part, { left: box.left - MARGIN, top: box.top - MARGIN }, out);
  const ground = getComputedStyle(document.documentElement).backgroundColor;
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  return { width, height, text: `<svg xmlns="http://www.w3.org/2000/svg" ${size}><rect width="100%" height="100%" fill="${ground}"/>${out.join("")}</svg>` };
}

/** @typedef {{left: number, top: number}} Corner */

/** @param {Element} element @param {Corner} corner @param {string[]} out */
function walk(element, corner, out) {
  const style = getComputedStyle(element);
  if (!element.getClientRects().length || style.visibility === "hidden" || element.matches(".take, input, select")) return;
  const box = element.getBoundingClientRect();
  const at = { x: box.left - corner.left, y: box.top - corner.top, width: box.width, height: box.height };
  if (element instanceof HTMLCanvasElement) {
    out.push(`<image ${attributes(at)} href="${element.toDataURL()}" preserveAspectRatio="none" style="image-rendering:pixelated"/>`);
    return;
  }
  if (element instanceof SVGSVGElement) {
    out.push(drawing(element, at));
    return;
  }
  frame(style, at, out);
  for (const child of element.childNodes) {
    if (child instanceof Element) walk(child, corner, out);
    else if (child instanceof Text && child.data.trim()) letters(child, style, corner, out);
  }
}

/** A drawing of the page's, with the looks that its style sheet gives it. @param {SVGSVGElement} element @param {Record<string, number>} at */
function drawing(element, at) {
  const copy = /** @type {SVGSVGElement} */ (element.cloneNode(true));
  const copies = [copy, ...copy.querySelectorAll("*")];
  [element, ...element.querySelectorAll("*")].forEach((own, index) => {
    const looks = getComputedStyle(own);
    copies[index].setAttribute("style", STYLES.map((name) => `${name}:${looks.getPropertyValue(name)}`).join(";"));
    copies[index].removeAttribute("class");
  });
  for (const [name, value] of Object.entries(at)) copy.setAttribute(name, String(value));
  return new XMLSerializer().serializeToString(copy);
}

/** The ground and the lines around a box. @param {CSSStyleDeclaration} style @param {{x: number, y: number, width: number, height: number}} at @param {string[]} out */
function frame(style, at, out) {
  const round = Math.min(parseFloat(style.borderTopLeftRadius) || 0, at.height / 2);
  if (!clear(style.backgroundColor)) out.push(`<rect ${attributes(at)} rx="${round}" fill="${style.backgroundColor}"/>`);
  const wide = (/** @type {string} */ side) => (style.getPropertyValue(`border-${side}-style`) === "none" ? 0 : parseFloat(style.getPropertyValue(`border-${side}-width`)));
  if (wide("top") && wide("left")) out.push(`<rect ${attributes(at)} rx="${round}" fill="none" stroke="${style.borderTopColor}" stroke-width="${wide("top")}"/>`);
  else if (wide("bottom")) out.push(`<path d="M${at.x} ${at.y + at.height}h${at.width}" stroke="${style.borderBottomColor}" stroke-width="${wide("bottom")}"/>`);
  if (style.outlineStyle === "solid" && parseFloat(style.outlineWidth)) out.push(`<rect ${attributes(at)} rx="${round}" fill="none" stroke="${style.outlineColor}" stroke-width="${style.outlineWidth}"/>`);
}

const clear = (/** @type {string} */ colour) => colour === "transparent" || /(,|\/)\s*0\)$/.test(colour);

/** Text where it stands, a line each. @param {Text} node @param {CSSStyleDeclaration} style @param {Corner} corner @param {string[]} out */
function letters(node, style, corner, out) {
  const font = `font-family="${escape(style.fontFamily)}" font-size="${style.fontSize}" font-weight="${style.fontWeight}" fill="${style.color}"`;
  const range = document.createRange();
  range.selectNodeContents(node);
  if (style.writingMode.startsWith("vertical") && style.transform !== "none") {
    const box = range.getBoundingClientRect(); // turned by half a circle: it reads upwards
    out.push(`<text transform="translate(${box.left + box.width / 2 - corner.left} ${box.bottom - corner.top}) rotate(-90)" dominant-baseline="central" ${font}>${escape(node.data.trim())}</text>`);
    return;
  }
  /** @type {{text: string, left: number, middle: number}[]} */ const lines = [];
  for (let place = 0; place < node.data.length; place++) {
    range.setStart(node, place);
    range.setEnd(node, place + 1);
    const box = range.getClientRects()[0];
    if (!box || !box.width) continue;
    const middle = box.top + box.height / 2;
    const last = lines.at(-1);
    if (last && Math.abs(last.middle - middle) < 2) last.text += node.data[place];
    else lines.push({ text: node.data[place], left: box.left, middle });
  }
  for (const line of lines) out.push(`<text x="${line.left - corner.left}" y="${line.middle - corner.top}" dominant-baseline="central" xml:space="preserve" ${font}>${escape(line.text)}</text>`);
}

const attributes = (/** @type {Record<string, number>} */ at) => Object.entries(at).map(([name, value]) => `${name}="${value.toFixed(2)}"`).join(" ");

const escape = (/** @type {string} */ text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
