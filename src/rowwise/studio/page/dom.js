// Small helpers to make elements; text is always text, never markup.

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag @param {Record<string, any>} [attributes] properties; `class`, `aria-…` and `data-…` as attributes
 * @param {...(Node | string)} children @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  set(element, attributes);
  element.append(...children);
  return element;
}

/** @param {Element} element @param {Record<string, any>} attributes */
function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === false || value === null || value === undefined) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
}

/** @param {string} tag @param {Record<string, any>} [attributes] @param {...(Node | string)} children @returns {SVGElement} */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  set(element, attributes);
  element.append(...children);
  return element;
}

/**
 * One of several, as buttons side by side; `show` marks the chosen one.
 * @param {string} label @param {[string, string][]} options value and words @param {(value: any) => void} choose
 */
export function choice(label, options, choose) {
  const buttons = options.map(([value, words]) =>
    make("button", { type: "button", "data-value": value, onclick: () => choose(value) }, words),
  );
  const element = make("div", { class: "choice", role: "group", "aria-label": label }, ...buttons);
  const show = (/** @type {string} */ chosen) => {
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.value === chosen));
  };
  return { element, show };
}

/**
 * Replace what an element holds; who was at a part of it by keyboard is then at the same part of what came.
 * @param {Element} element @param {...(Node | string)} children
 */
export function fill(element, ...children) {
  const held = element.contains(document.activeElement) && element !== document.activeElement ? /** @type {HTMLElement} */ (document.activeElement) : null;
  element.replaceChildren(...children);
  if (!held || held.isConnected) return;
  const own = nameOf(held);
  const again = [...element.querySelectorAll("button, input, select, [tabindex]")].find((part) => own && nameOf(/** @type {HTMLElement} */ (part)) === own);
  focusOn(again ?? element.closest(".chapter")?.querySelector(".spine"));
}

/** What an element is known by when its surroundings are drawn anew. @param {HTMLElement} element */
const nameOf = (element) => element.id || element.dataset.keep || element.dataset.record || element.dataset.unit || element.getAttribute("aria-label") || element.textContent;

/** @param {Element | null | undefined} element */
const focusOn = (element) => /** @type {HTMLElement | null | undefined} */ (element)?.focus({ preventScroll: true });

/** Do what may hide the element that has the focus; it then goes to another. @param {() => void} work @param {() => Element | null | undefined} next */
export function keepingFocus(work, next) {
  const held = /** @type {HTMLElement | null} */ (document.activeElement);
  work();
  if (held && held !== document.body && !held.getClientRects().length) focusOn(next());
}

/** Text of an element, set only where it changes: a live region speaks once. @param {Element} element @param {string} text */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/**
 * From 0 to 1, smoothly. @param {number} milliseconds @param {(share: number) => void} draw
 */
export function animate(milliseconds, draw) {
  if (calm()) return draw(1);
  const begun = performance.now();
  const step = (/** @type {number} */ now) => {
    const share = Math.min(1, Math.max(0, (now - begun) / milliseconds));
    draw(share < 0.5 ? 2 * share * share : 1 - (2 - 2 * share) ** 2 / 2);
    if (share < 1) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}
