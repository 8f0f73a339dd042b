/** The lines of the diff by their place: `file:line`, or `file:-line` if the patch removes it. */

import { all } from "./dom.js";

const ROWS = "#diff table.code tr";

/** @typedef {HTMLTableRowElement} Row */

/** @param {Row} row */
const numbersOf = (row) => all(row, "td.nr");

/** @param {Element | undefined} cell */
const numberIn = (cell) => parseInt(cell?.textContent ?? "", 10);

/** @param {Element} cell */
export const isOld = (cell) => cell !== all(cell.closest("tr") ?? cell, "td.nr").at(-1);

/**
 * The cells with the numbers of those lines of a row that something can be said about: a removed
 * line before, and any line after.
 *
 * @param {Row} row
 */
function cellsOf(row) {
  const [old, now] = numbersOf(row);
  const isRemoved = row.matches(".del") || old?.nextElementSibling?.matches(".del");
  return [...(isRemoved && old ? [old] : []), ...(now ? [now] : [])].filter(
    (cell) => numberIn(cell) > 0,
  );
}

/** The cells of all lines that can be seen. */
export function everyCell() {
  /** @type {Row[]} */
  const rows = all(document, ROWS);
  return rows.filter((row) => row.checkVisibility()).flatMap(cellsOf);
}

/**
 * The cell of the line that an element is in; side by side, the one on its side.
 *
 * @param {Element | null} element
 */
export function cellAt(element) {
  /** @type {Row | null | undefined} */
  const row = element?.closest(ROWS);
  const cells = row ? cellsOf(row) : [];
  const column = row ? all(row, ":scope > td").findIndex((cell) => cell.contains(element)) : 0;
  return column < 2 ? cells[0] : cells.at(-1);
}

/** @param {Element} cell */
export function placeOf(cell) {
  /** @type {HTMLElement | null} */
  const file = cell.closest("section.file");
  const { name, oldName } = file?.dataset ?? {};
  return isOld(cell) ? `${oldName}:-${numberIn(cell)}` : `${name}:${numberIn(cell)}`;
}

/**
 * The first row with the line at a place, if it is on the page.
 *
 * @param {string} place
 */
export function rowAt(place) {
  const [path, number] = inTwo(place);
  const side = number < 0 ? 0 : 1;
  /** @type {Row[]} */
  const rows = filesOf(path, side).flatMap((file) => all(file, "table.code tr"));
  return rows.find((row) => numberIn(numbersOf(row)[side]) === Math.abs(number));
}

/** @param {string} place @returns {[string, number]} */
function inTwo(place) {
  const at = place.lastIndexOf(":");
  return [place.slice(0, at), Number(place.slice(at + 1))];
}

/**
 * @param {string} path
 * @param {number} side
 */
const filesOf = (path, side) =>
  all(document, "#diff section.file").filter(
    ({ dataset }) => (side ? dataset.name : dataset.oldName) === path,
  );

/**
 * The file of the diff that a place is in, if it is on the page.
 *
 * @param {string} place
 */
export function fileOf(place) {
  const [path, number] = inTwo(place);
  return filesOf(path, number < 0 ? 0 : 1)[0];
}
