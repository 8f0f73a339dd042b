/** A button at the line of the diff under the pointer, which suggests a change there. */

import { words } from "./words.js";

/** `take` is called with the place, as `file:line`, in the file as the patch leaves it. */
export function suggestions(take) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "suggest";
  button.textContent = "+";
  button.title = words.suggest;
  button.setAttribute("aria-label", words.suggest);

  const cellOf = (row) => [...row.querySelectorAll("td.nr")].at(-1);

  function show(event) {
    const row = event.target.closest?.("#diff table.code tr");
    const cell = row && cellOf(row);
    if (!cell || cell.contains(button) || !document.getElementById("decision-form")) return;
    if (/\d/.test(cell.textContent)) cell.append(button);
  }

  button.addEventListener("click", () => {
    const cell = button.parentElement;
    const file = cell.closest("section.file").getAttribute("aria-label");
    take(`${file}:${parseInt(cell.textContent, 10)}`);
  });
  document.addEventListener("pointerover", show);
}
