/**
 * A button at a line of the diff, which suggests a change there: at the line under the pointer, or,
 * for a keyboard in the panel of the diff, at the first one, from where the arrows move it.
 */

import { words } from "./words.js";

/** `take` is called with the place, as `file:line`, in the file as the patch leaves it. */
export function suggestions(take) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "suggest";
  button.textContent = "+";
  button.title = words.suggest;

  const ROWS = "#diff table.code tr";
  const cellOf = (row) => [...row.querySelectorAll("td.nr")].at(-1);
  const isNumbered = (row) => /\d/.test(cellOf(row)?.textContent);
  const numbered = () =>
    [...document.querySelectorAll(ROWS)].filter((row) => isNumbered(row) && row.checkVisibility());

  function place() {
    const cell = button.parentElement;
    const file = cell.closest("section.file").getAttribute("aria-label");
    return `${file}:${parseInt(cell.textContent, 10)}`;
  }

  function show(row) {
    if (!row || !isNumbered(row) || !document.getElementById("decision-form")) return;
    if (!row.contains(button)) cellOf(row).append(button);
    button.setAttribute("aria-label", `${words.suggest}: ${place()}`);
  }

  /** Let Tab reach the button, once the keyboard is in the panel of the diff. */
  function offer({ target }) {
    const panel = document.getElementById("diff")?.closest("[role=tabpanel]");
    const isThere = button.isConnected && button.checkVisibility();
    if (panel?.contains(target) && target.matches(":focus-visible") && !isThere)
      show(numbered()[0]);
  }

  function move(event) {
    const rows = numbered();
    const at = rows.indexOf(button.closest("tr"));
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    show(rows[to]);
    button.focus();
    button.scrollIntoView({ block: "nearest" });
  }

  button.addEventListener("click", () => take(place()));
  button.addEventListener("keydown", move);
  document.addEventListener("pointerover", ({ target }) => show(target.closest?.(ROWS)));
  document.addEventListener("focusin", offer);
}
