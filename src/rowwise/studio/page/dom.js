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

/** Replace what an element holds, unless it is the same already. @param {Element} element @param {...(Node | string)} children */
export function fill(element, ...children) {
  element.replaceChildren(...children);
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
