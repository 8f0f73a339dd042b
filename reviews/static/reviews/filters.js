/** The filters of the list: they close on Escape, and on a click elsewhere. */

import { targetOf } from "./dom.js";

export function filterChoices() {
  /** @returns {HTMLDetailsElement | null} */
  const choices = () => document.querySelector("#narrow[open]");

  /** @param {KeyboardEvent} event */
  function pressed(event) {
    const open = choices();
    if (event.key !== "Escape" || !open?.contains(targetOf(event))) return;
    event.preventDefault();
    open.open = false;
    open.querySelector("summary")?.focus();
  }

  /** @param {MouseEvent} event */
  function clicked(event) {
    const open = choices();
    if (open && !open.contains(targetOf(event))) open.open = false;
  }

  document.addEventListener("keydown", pressed, { capture: true });
  document.addEventListener("click", clicked);
}
