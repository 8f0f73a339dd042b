/** The last arrivals and decisions, shown below the list and announced to screen readers. */

import { byId } from "../dom.js";
import { announce, say, words } from "../words.js";

/** @param {NewApv} message */
export function traceArrival({ apv_code: code, severity, package_name: name }) {
  const inShort = { code, severity: words.severities[severity], package: name };
  trace(say(words.arrived, inShort), "manyArrived");
}

/** @param {DecisionMade} message */
export function traceDecision(message) {
  trace(say(words.decided, outcome(message)), "manyDecided");
}

/** @param {ApvChanged} message */
export function traceRetraction({ apv_code: code }) {
  trace(say(words.takenBack, { code }), "manyTakenBack");
}

/**
 * What the sentences about a decision are filled in with.
 *
 * @param {DecisionMade} message
 */
export function outcome({ apv_code: code, decision, reviewer_name: reviewer }) {
  return { code, outcome: words.outcomes[decision] ?? decision, reviewer };
}

/**
 * @param {string} text
 * @param {Sentence} kind
 */
function trace(text, kind) {
  const place = byId("trace");
  place.textContent = text;
  place.title = text;
  announce(text, kind);
}
