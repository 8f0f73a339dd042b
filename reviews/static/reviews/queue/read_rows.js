/** Rows as the server has them. */

import { readElement } from "../fragment.js";
import { apvOf, list } from "./list.js";

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
