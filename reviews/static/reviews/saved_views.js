/** The counts of the saved views, counted by the server after events. Loaded when there is a view. */

import { byId } from "./dom.js";
import { read } from "./fragment.js";
import { digits } from "./words.js";

const REST_MS = 1_000; // events this close together are counted once
const SPREAD_MS = 1_000; // so that many pages do not all ask at the same moment

/** @type {Map<string, number>} */
let counts = new Map();
/** @type {number | undefined} */
let resting;

/**
 * Show the counts that are known, and count again once events have rested, if the page is seen.
 *
 * @param {EndsLine} endsLine
 * @param {number} [rest] in milliseconds
 */
export function countSoon(endsLine, rest = REST_MS + Math.random() * SPREAD_MS) {
  show();
  resting ??= setTimeout(() => whenSeen(() => count().catch(endsLine)), rest);
}

/** @param {() => void} act */
function whenSeen(act) {
  if (!document.hidden) act();
  else document.addEventListener("visibilitychange", () => whenSeen(act), { once: true });
}

async function count() {
  resting = undefined;
  const found = await (await read(byId("views").dataset.counts ?? "")).json();
  counts = new Map(Object.entries(found));
  show();
}

function show() {
  const most = Number(byId("list").dataset.counted);
  for (const [id, number] of counts) {
    /** @type {HTMLElement | null} */
    const place = document.querySelector(`#view-${id} .count`);
    if (!place) continue;
    place.textContent = number > most ? `${digits(most)}+` : digits(number);
    place.hidden = false;
  }
}
