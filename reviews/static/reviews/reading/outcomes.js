/**
 * What has become of the decisions on the open APV: its words change in place. Loaded when something
 * has.
 */

import { all, byId, one } from "../dom.js";
import { read } from "../fragment.js";
import { showTimes } from "../times.js";

const GATHER_MS = 100; // changes this close together are read once
const SPREAD_MS = 100; // so that many pages do not all ask at the same moment

/** @type {Map<string, number>} Decision → the timer until it is read */
const gathering = new Map();

/**
 * @param {EffectChanged} message about the open APV
 * @param {EndsLine} endsLine
 */
export function become({ decision_id: decisionId }, endsLine) {
  if (gathering.has(decisionId) || !placesOf(decisionId).length) return;
  const wait = GATHER_MS + Math.random() * SPREAD_MS;
  gathering.set(
    decisionId,
    setTimeout(() => show(decisionId).catch(endsLine), wait),
  );
}

/** @param {string} decisionId */
async function show(decisionId) {
  gathering.delete(decisionId);
  const kept = byId("list").dataset.kept ?? "";
  const text = await (await read(`/decisions/${decisionId}/outcome${kept}`)).text();
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const place of placesOf(decisionId)) {
    const acts = "acts" in place.dataset;
    const same = all(fresh, ".outcome").find((other) => "acts" in other.dataset === acts);
    if (same) exchange(place, same);
  }
}

/** @param {string} decisionId */
const placesOf = (decisionId) => all(document, `#reading [data-outcome="${decisionId}"]`);

/**
 * The words always change; what can be done stays while the reader is about to do it.
 *
 * @param {HTMLElement} place
 * @param {HTMLElement} fresh
 */
function exchange(place, fresh) {
  one(place, ".became").innerHTML = one(fresh, ".became").innerHTML;
  const acts = place.querySelector(".acts");
  const isUsed = acts?.contains(document.activeElement) || acts?.querySelector("details[open]");
  if (acts && !isUsed) {
    acts.innerHTML = one(fresh, ".acts").innerHTML;
    window.htmx.process(acts);
  }
  showTimes(place);
}
