/** The list on the page: what it says about itself, and its rows. */

import { byId } from "../dom.js";

export const list = () => byId("list");
export const isPending = () => list().dataset.list === "pending";
export const isNarrowed = () => "narrowed" in list().dataset;
/** Whether the list is neither narrowed nor sorted, so that each arrival has a place in it. */
export const isPlain = () => "plain" in list().dataset;
/** Whether its rows are groups of APVs: they are read again, whatever happens. */
export const isFolded = () => "folded" in list().dataset;
export const hasMore = () => "hasMore" in list().dataset;
/** Whether the list begins below the top: rows that come before it are not on the page. */
export const isBelowTop = () => "belowTop" in list().dataset;
export const isWhole = () => !hasMore() && !isBelowTop() && !isFolded();
export const pageSize = () => Number(list().dataset.pageSize);

/** @returns {import("../../realtime/socket.js").Positions} */
export const positions = () => JSON.parse(list().dataset.positions ?? "{}");

export function body() {
  return /** @type {HTMLTableSectionElement} */ (list().querySelector("tbody"));
}

export const rows = () => [...body().rows];

/** @param {Element} row */
export const isLeaving = (row) => row.classList.contains("leaving");

/** The rows that do not only tell who decided. */
export const standing = () => rows().filter((row) => !isLeaving(row));

/**
 * The row of an APV.
 *
 * @param {string} apvId
 */
export function rowOf(apvId) {
  return /** @type {HTMLTableRowElement | null} */ (document.getElementById(`apv-${apvId}`));
}

/** @param {HTMLElement} row */
export const apvOf = (row) => row.dataset.apvId ?? "";

/**
 * What rows are sorted by, as a text.
 *
 * @param {HTMLElement} row
 */
export const orderOf = (row) => row.dataset.order ?? "";

/** @param {Element} row */
export function isOutOfSight(row) {
  const { top, bottom } = row.getBoundingClientRect();
  const frame = list().getBoundingClientRect();
  return frame.height === 0 || bottom <= frame.top || top >= frame.bottom;
}
