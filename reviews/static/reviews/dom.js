/** Finding elements that are always on the page; a missing one is an error of ours. */

/**
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @returns {T}
 */
export function byId(id) {
  return one(document, `#${CSS.escape(id)}`);
}

/**
 * The first element in `part` that fits `selector`.
 *
 * @template {HTMLElement} [T=HTMLElement]
 * @param {ParentNode} part
 * @param {string} selector
 * @returns {T}
 */
export function one(part, selector) {
  const found = part.querySelector(selector);
  if (!found) throw new Error(`Nothing on the page fits ${selector}`);
  return /** @type {T} */ (found);
}

/**
 * All elements in `part` that fit `selector`.
 *
 * @template {HTMLElement} [T=HTMLElement]
 * @param {ParentNode} part
 * @param {string} selector
 * @returns {T[]}
 */
export function all(part, selector) {
  return [.../** @type {NodeListOf<T>} */ (part.querySelectorAll(selector))];
}

/**
 * What an event happened to, if that is an element.
 *
 * @param {Event} event
 * @returns {HTMLElement | null}
 */
export function targetOf({ target }) {
  return target instanceof Element ? /** @type {HTMLElement} */ (target) : null;
}
