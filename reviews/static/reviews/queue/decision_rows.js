/**
 * The rows of decisions: they change in place when something becomes of a decision. Loaded with the
 * first one.
 */

import { showTimes } from "../times.js";
import { rows } from "./list.js";
import { exchange } from "./placing.js";
import { inTurn, readRows } from "./server.js";

const GATHER_MS = 100; // changes this close together are read at once
const SPREAD_MS = 250; // so that many pages do not all ask in the same moment

/** @type {Set<string>} Decisions whose rows are still to be read */
const changed = new Set();
/** @type {number | undefined} */
let gathering;

/**
 * @param {string} decisionId
 * @param {EndsLine} endsLine
 */
export function change(decisionId, endsLine) {
  if (!rowOf(decisionId)) return;
  changed.add(decisionId);
  const wait = GATHER_MS + Math.random() * SPREAD_MS;
  gathering ??= setTimeout(() => showChanged(endsLine), wait);
}

/** @param {EndsLine} endsLine */
function showChanged(endsLine) {
  gathering = undefined;
  const ids = [...changed].slice(0, MOST_AT_ONCE);
  for (const id of ids) changed.delete(id);
  if (changed.size) gathering = setTimeout(() => showChanged(endsLine), GATHER_MS);
  inTurn(() => show(ids)).catch(endsLine);
}

const MOST_AT_ONCE = 50; // as many as the server reads

/** @param {string[]} ids */
async function show(ids) {
  const fresh = await readRows({ ids: ids.join(",") });
  for (const row of fresh.rows) {
    const there = rowOf(row.dataset.decisionId ?? "");
    if (!there) continue;
    showTimes(row);
    exchange(there, row);
  }
}

/** @param {string} decisionId */
const rowOf = (decisionId) => rows().find((row) => row.dataset.decisionId === decisionId);
