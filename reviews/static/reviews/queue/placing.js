/**
 * Rows come into the list and leave it. Nothing in view ever moves by itself: a row whose place is in
 * view waits until the reader lets it in or scrolls its place away. A decided row stays that long too,
 * struck through.
 */

import { byId } from "../dom.js";
import { showTimes } from "../times.js";
import { digits, say, words } from "../words.js";
import {
  apvOf,
  body,
  hasMore,
  isBelowTop,
  isLeaving,
  isOutOfSight,
  list,
  orderOf,
  rowOf,
  rows,
} from "./list.js";
import { mark } from "./open_row.js";

/** @typedef {HTMLTableRowElement} Row */

const SCROLL_MS = 150;
const MOST_ROWS = 2_000; // beyond, the list forgets rows at its end; they can be loaded again
const TRIMMED_ROWS = 100; // so that it does not forget one with each that comes
const PRIORITY_LENGTH = 8; // of the part of an order that a change of the APV can change

/** @param {{ onRoom: () => void }} options `onRoom` is called when rows left the list. */
export function placing({ onRoom }) {
  /** @type {Map<string, Row>} APV id → row whose place is in sight */
  const held = new Map();
  /** @type {number | undefined} */
  let scrolling;

  // -- Coming ----------------------------------------------------------------------------------

  /**
   * Put a row into the list, unless that would move what is in sight.
   *
   * @param {Row} row
   */
  function place(row) {
    const every = rows();
    const next = every.find((other) => orderOf(other) > orderOf(row));
    if (!next && hasMore()) return; // it is loaded with the rows around it
    if (next && next === every[0] && isBelowTop()) return;
    if (next && !isOutOfSight(next)) {
      held.set(apvOf(row), row);
      showNews();
    } else {
      insert(row, next);
    }
  }

  /**
   * @param {Row} row
   * @param {Row | undefined} next
   */
  function insert(row, next) {
    row.classList.add("new");
    bringIn(row, next);
    trim();
  }

  /**
   * Put a whole row where a provisional one is or waits, or else in its place.
   *
   * @param {Row} row
   */
  function fill(row) {
    const id = apvOf(row);
    const there = rowOf(id);
    showTimes(row);
    if (held.has(id)) {
      held.set(id, row);
    } else if (there && priorityOf(there) === priorityOf(row)) {
      if (!there.classList.contains("blank")) return;
      row.classList.add("new");
      exchange(there, row);
    } else {
      there?.remove();
      place(row);
    }
  }

  function trim() {
    const every = rows();
    const last = every.at(-1);
    if (every.length <= MOST_ROWS || !last || !isOutOfSight(last)) return;
    for (const row of every.slice(MOST_ROWS - TRIMMED_ROWS)) row.remove();
    list().dataset.hasMore = "";
  }

  // -- Waiting ---------------------------------------------------------------------------------

  function showNews() {
    const button = byId("news");
    button.hidden = held.size === 0;
    button.textContent = say(words.new, { count: digits(held.size) });
  }

  /** Add the waiting rows; the reader asked for it, so the list may move. */
  function letIn() {
    tidy();
    const waiting = [...held.values()].sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
    held.clear();
    for (const row of waiting) {
      insert(
        row,
        rows().find((other) => orderOf(other) > orderOf(row)),
      );
    }
    showNews();
    waiting[0]?.scrollIntoView({ block: "nearest" });
  }

  // -- Leaving ---------------------------------------------------------------------------------

  /**
   * An APV was decided: strike its row through, and show the decision.
   *
   * @param {string} apvId
   * @param {string} text
   */
  function strike(apvId, text) {
    held.delete(apvId);
    showNews();
    const row = rowOf(apvId);
    if (!row) return;
    row.removeAttribute("id"); // it counts as gone from now on
    row.classList.remove("new");
    row.classList.add("leaving");
    const cell = row.insertCell();
    cell.className = "at-trace";
    cell.textContent = text;
    if (isOutOfSight(row)) row.remove();
    onRoom();
  }

  /** @param {string} apvId */
  function forget(apvId) {
    held.delete(apvId);
    rowOf(apvId)?.remove();
    showNews();
  }

  /** Forget the rows that wait: the list was read again, and has them. */
  function forgetHeld() {
    held.clear();
  }

  // -- Scrolling -------------------------------------------------------------------------------

  function settleOutOfSight() {
    scrolling = undefined;
    tidy(isOutOfSight);
    for (const [id, row] of [...held]) {
      held.delete(id);
      place(row);
    }
    showNews();
    onRoom();
  }

  function scrolled() {
    scrolling ??= setTimeout(settleOutOfSight, SCROLL_MS);
  }

  return {
    place,
    fill,
    strike,
    forget,
    forgetHeld,
    letIn,
    scrolled,
    showNews,
    /** @param {string} apvId */
    isHeld: (apvId) => held.has(apvId),
    heldCount: () => held.size,
  };
}

/**
 * Put a row into the page before `next`, or at the end.
 *
 * @param {Row} row
 * @param {Row} [next]
 */
export function bringIn(row, next) {
  showTimes(row);
  body().insertBefore(row, next ?? null);
  window.htmx?.process(row);
}

/**
 * Put a row in the place of an older one of the same APV or decision.
 *
 * @param {Row} there
 * @param {Row} row
 */
export function exchange(there, row) {
  const hadFocus = there.contains(document.activeElement);
  if (there.dataset.order) row.dataset.order = there.dataset.order;
  if (there.querySelector("[aria-current]")) mark(row);
  there.replaceWith(row);
  window.htmx?.process(row);
  if (hadFocus) row.querySelector("a")?.focus({ preventScroll: true });
}

/** @param {Row} row */
const priorityOf = (row) => orderOf(row).slice(0, PRIORITY_LENGTH);

/**
 * Remove the rows that only tell who decided.
 *
 * @param {(row: Row) => boolean} [which]
 */
export function tidy(which = () => true) {
  for (const row of rows()) if (isLeaving(row) && which(row)) row.remove();
}
