/**
 * A button that suggests a change at a line of the diff: the line under the pointer, or, with the
 * keyboard in the panel of the diff, the first one, from which the arrows move it.
 */

import { all, targetOf } from "./dom.js";
import { words } from "./words.js";

const ROWS = "#diff table.code tr";

/** @typedef {HTMLTableRowElement} Row */

/**
 * The cell of a row with the number of its line in the new file.
 *
 * @param {Row} row
 */
const cellOf = (row) => all(row, "td.nr").at(-1);

/** @param {Row} row */
const isNumbered = (row) => /\d/.test(cellOf(row)?.textContent ?? "");

/** @returns {Row[]} */
function numbered() {
  /** @type {Row[]} */
  const rows = all(document, ROWS);
  return rows.filter((row) => isNumbered(row) && row.checkVisibility());
}

/**
 * @param {(place: string) => void} take is called with the place, as `file:line`, in the file as
 *   the patch leaves it
 * @param {Event} first by which somebody came to the diff
 */
export function suggestions(take, first) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "suggest";
  button.textContent = "+";
  button.title = words.suggest;

  function place() {
    const cell = button.parentElement;
    const file = cell?.closest("section.file")?.getAttribute("aria-label");
    return `${file}:${parseInt(cell?.textContent ?? "", 10)}`;
  }

  /** @param {Row | null | undefined} row */
  function show(row) {
    if (!row || !isNumbered(row) || !document.getElementById("decision-form")) return;
    if (!row.contains(button)) cellOf(row)?.append(button);
    button.setAttribute("aria-label", `${words.suggest}: ${place()}`);
  }

  /**
   * Let Tab reach the button, once the keyboard is in the panel of the diff.
   *
   * @param {Event} event
   */
  function offer(event) {
    const target = targetOf(event);
    const panel = document.getElementById("diff")?.closest("[role=tabpanel]");
    const isThere = button.isConnected && button.checkVisibility();
    if (target && panel?.contains(target) && target.matches(":focus-visible") && !isThere) {
      show(numbered()[0]);
    }
  }

  /** @param {KeyboardEvent} event */
  function move(event) {
    const rows = numbered();
    const row = button.closest("tr");
    const at = row ? rows.indexOf(row) : -1;
    /** @type {Record<string, number>} */
    const goals = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 };
    const to = goals[event.key];
    if (to === undefined) return;
    event.preventDefault();
    show(rows[to]);
    button.focus();
    button.scrollIntoView({ block: "nearest" });
  }

  button.addEventListener("click", () => take(place()));
  button.addEventListener("keydown", move);
  /** @param {Event} event */
  const point = (event) => show(targetOf(event)?.closest(ROWS));

  document.addEventListener("pointerover", point);
  document.addEventListener("focusin", offer);
  (first.type === "focusin" ? offer : point)(first);
}
