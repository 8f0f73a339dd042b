/** The progress of a batch. A job does it, so that this only looks, again and again. */

import { read } from "../fragment.js";

const LOOK_MS = 500;
const RETRY_MS = 3_000; // after a look that failed

/**
 * Show how far a batch is until it has ended, in the place of `shown`.
 *
 * @param {Element | null} shown
 * @param {() => void} [ended] is called if it ran, and has ended
 */
export function follow(shown, ended = () => {}) {
  if (!(shown instanceof HTMLElement) || !("running" in shown.dataset)) return;
  /** @type {HTMLElement} */
  let current = shown;

  async function look() {
    if (!current.isConnected) return; // another batch is shown
    try {
      const answer = await read(current.dataset.address ?? "", { headers: HTMX });
      const next = partOf(await answer.text());
      keepFocus(current, next);
      current = next;
    } catch {
      setTimeout(look, RETRY_MS);
      return;
    }
    if ("running" in current.dataset) setTimeout(look, LOOK_MS);
    else ended();
  }

  setTimeout(look, LOOK_MS);
}

export const HTMX = { "HX-Request": "true" };

/**
 * The progress in an answer of the server.
 *
 * @param {string} text
 */
export function partOf(text) {
  const part = new DOMParser().parseFromString(text, "text/html").getElementById("batch");
  if (!part) throw new Error("The answer has no batch");
  return document.adoptNode(part);
}

/**
 * @param {HTMLElement} before
 * @param {HTMLElement} next
 */
function keepFocus(before, next) {
  const all = [...before.querySelectorAll("a, button")];
  const at = document.activeElement ? all.indexOf(document.activeElement) : -1;
  const name = at >= 0 ? all[at]?.textContent : null;
  before.replaceWith(next);
  if (!name) return;
  /** @type {HTMLElement[]} */
  const again = [...next.querySelectorAll("a, button")].map((one) => /** @type {any} */ (one));
  (again.find((one) => one.textContent === name) ?? again[0])?.focus();
}
