/** The numbers of APVs related to the open one, counted again after arrivals and decisions. */

import { readElement } from "./fragment.js";

const REST_MS = 2_000;

/**
 * @param {EndsLine} endsLine
 * @returns {{ on: Listeners }}
 */
export function countRelated(endsLine) {
  /** @type {number | undefined} */
  let resting;

  async function count() {
    resting = undefined;
    const place = document.getElementById("related");
    if (!place?.dataset.address || document.hidden) return;
    const fresh = await readElement(place.dataset.address, "#related");
    if (place.isConnected) place.replaceWith(document.adoptNode(fresh));
  }

  /** Count soon; many changes in a short time are counted once. */
  function changed() {
    resting ??= setTimeout(() => count().catch(endsLine), REST_MS * (1 + Math.random()));
  }

  document.addEventListener("visibilitychange", changed);
  return { on: { new_apv: changed, decision_made: changed } };
}
