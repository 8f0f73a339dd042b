/** The list's requests to the server: one at a time, so that no older response comes last. */

import { byId } from "../dom.js";
import { readElement, SignedOut } from "../fragment.js";
import { apvOf, list } from "./list.js";

/** @type {Promise<void>} */
let turn = Promise.resolve();

/**
 * Run `work` after earlier requests; the page shows whether it failed.
 *
 * @template T
 * @param {() => Promise<T>} work
 */
export function inTurn(work) {
  const done = turn.then(work);
  turn = done.then(
    () => showTrouble(false),
    (error) => showTrouble(!(error instanceof SignedOut)),
  );
  return done;
}

/** @param {boolean} failing */
function showTrouble(failing) {
  byId("trouble").hidden = !failing;
}

/**
 * The rows that the server has for `query`, narrowed as the list is.
 *
 * @param {Record<string, string>} query
 */
export async function readRows(query) {
  const { rows: address, kept = "" } = list().dataset;
  const asked = new URLSearchParams(kept.slice(1));
  for (const [name, value] of Object.entries(query)) asked.set(name, value);
  /** @type {HTMLTableElement} */
  const table = await readElement(`${address}?${asked}`, "table");
  const rows = [...(table.tBodies[0]?.rows ?? [])].map((row) => document.adoptNode(row));
  return { rows, ids: new Set(rows.map(apvOf)), hasMore: "hasMore" in table.dataset };
}
