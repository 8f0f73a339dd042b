/**
 * The numbers of APVs related to the open one, counted again after arrivals and decisions. Loaded
 * with the first of these.
 */

import { readElement } from "./fragment.js";

const REST_MS = 2_000;
/** @type {number | undefined} */
let resting;

async function count() {
  resting = undefined;
  const place = document.getElementById("related");
  if (!place?.dataset.address || document.hidden) return;
  const fresh = await readElement(place.dataset.address, "#related");
  if (place.isConnected) place.replaceWith(document.adoptNode(fresh));
}

/**
 * Count soon; many changes in a short time are counted once.
 *
 * @param {EndsLine} endsLine
 */
export function countSoon(endsLine) {
  if (!resting) document.addEventListener("visibilitychange", () => countSoon(endsLine), ONCE);
  resting ??= setTimeout(() => count().catch(endsLine), REST_MS * (1 + Math.random()));
}

const ONCE = { once: true };
