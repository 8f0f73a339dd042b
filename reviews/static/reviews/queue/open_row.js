/** The row of the APV that is open, and the rows to go to from there. */

import { all } from "../dom.js";
import { isFolded, isLeaving, isOutOfSight, list, rows, standing } from "./list.js";

/**
 * Mark the row of the APV `code` as the open one.
 *
 * @param {string | undefined} code
 */
export function markOpen(code) {
  for (const link of all(list(), "[aria-current]")) link.removeAttribute("aria-current");
  const row = rowWith(code);
  if (row) mark(row);
}

/** @param {HTMLTableRowElement} row */
export function mark(row) {
  row.classList.remove("new");
  row.querySelector("a")?.setAttribute("aria-current", "true");
}

/** The row that is marked. */
export function openRow() {
  return list().querySelector("[aria-current]")?.closest("tr") ?? null;
}

/** @param {string | undefined} code */
function linkOf(code) {
  return all(list(), ".at-code a").find((link) => link.textContent === code);
}

/** @param {string | undefined} code */
const rowWith = (code) => linkOf(code)?.closest("tr") ?? null;

/**
 * The row to go to from the one that has the focus, or else from the one that is open.
 *
 * @param {number} step 1 for the next row, -1 for the one before, 0 for that row itself
 */
export function neighbour(step) {
  /** @type {HTMLTableRowElement | null | undefined} */
  const focused = document.activeElement?.closest("#list tr");
  const from = focused ?? openRow();
  if (!from) return standing()[0];
  const every = rows();
  for (let at = every.indexOf(from) + step; ; at += step) {
    const row = every[at];
    if (!step || !row || !isLeaving(row)) return row;
  }
}

/**
 * The link of the APV that comes after `code`.
 *
 * @param {string | undefined} code
 */
export function after(code) {
  if (isFolded()) return null;
  const every = rows();
  const row = rowWith(code);
  const at = row ? every.indexOf(row) : -1;
  const next = every.slice(at + 1).find((one) => !isLeaving(one));
  return (next ?? standing().find((one) => one !== row))?.querySelector("a") ?? null;
}

/** A link may lead to an APV far down in the list: show its row. */
export function showOpenRow() {
  const row = openRow();
  if (!row || !isOutOfSight(row)) return;
  const frame = list().getBoundingClientRect();
  list().scrollTop += row.getBoundingClientRect().top - frame.top - frame.height / 2;
}
