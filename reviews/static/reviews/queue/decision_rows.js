/** The rows of decisions: they change in place when something becomes of a decision. */

import { showTimes } from "../times.js";
import { rows } from "./list.js";
import { exchange } from "./placing.js";
import { inTurn, readRows } from "./server.js";

const GATHER_MS = 100; // changes this close together are read at once
const SPREAD_MS = 250; // so that many pages do not all ask in the same moment

/** @param {{ endsLine: EndsLine }} options */
export function decisionRows({ endsLine }) {
  /** @type {Set<string>} Decisions whose rows are still to be read */
  const changed = new Set();
  /** @type {number | undefined} */
  let gathering;

  /** @param {string} decisionId */
  function change(decisionId) {
    if (!rowOf(decisionId)) return;
    changed.add(decisionId);
    gathering ??= setTimeout(readChanged, GATHER_MS + Math.random() * SPREAD_MS);
  }

  function readChanged() {
    gathering = undefined;
    const ids = [...changed].slice(0, MOST_AT_ONCE);
    for (const id of ids) changed.delete(id);
    if (changed.size) gathering = setTimeout(readChanged, GATHER_MS);
    inTurn(() => show(ids)).catch(endsLine);
  }

  return { change };
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
