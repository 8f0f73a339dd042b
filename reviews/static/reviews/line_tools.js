/**
 * Buttons that comment on a line of the diff, or suggest a change there: at the line under the
 * pointer, or, with the keyboard in the panel of the diff, the first one, from which the arrows
 * move them.
 */

import { openAt } from "./comments.js"; // at once: what is typed next belongs into its field
import { cellAt, everyCell, isOld, placeOf } from "./diff_lines.js";
import { all, targetOf } from "./dom.js";
import { say, words } from "./words.js";

/** @param {(place: string) => void} suggestAt is called with the place of a line */
export function lineTools(suggestAt) {
  const tools = document.createElement("span");
  tools.className = "line-tools";
  const comment = button("comment", "+");
  const suggest = button("suggest", "±");
  /** @type {HTMLElement | undefined} The cell with the number of the line. */
  let line;

  /**
   * @param {string} name
   * @param {string} sign
   */
  function button(name, sign) {
    const made = document.createElement("button");
    made.type = "button";
    made.className = name;
    made.textContent = sign;
    tools.append(made);
    return made;
  }

  /** @param {HTMLElement} cell */
  const takesSuggestion = (cell) => !isOld(cell) && document.getElementById("decision-form");

  /** @param {HTMLElement | undefined} cell */
  function show(cell) {
    if (!cell) return;
    comment.hidden = !document.getElementById("line-comment");
    suggest.hidden = !takesSuggestion(cell);
    if (comment.hidden && suggest.hidden) return;
    if (!cell.contains(tools)) cell.append(tools);
    line = cell;
    name(comment, say(words.commentOn, { place: placeOf(cell) }));
    name(suggest, `${words.suggest}: ${placeOf(cell)}`);
  }

  /**
   * @param {HTMLElement} button
   * @param {string} text
   */
  function name(button, text) {
    button.title = text;
    button.setAttribute("aria-label", text);
  }

  /** Let Tab reach the buttons, once the keyboard is in the panel of the diff. */
  function offer() {
    const focused = document.activeElement;
    const panel = document.getElementById("diff")?.closest("[role=tabpanel]");
    const isThere = tools.isConnected && tools.checkVisibility();
    if (panel?.contains(focused) && focused?.matches(":focus-visible") && !isThere) {
      const cells = everyCell();
      show(cells.find(takesSuggestion) ?? cells[0]); // where Tab reaches both
    }
  }

  /** @param {KeyboardEvent} event */
  function move(event) {
    const focused = targetOf(event);
    const cells = everyCell().filter((cell) => focused !== suggest || takesSuggestion(cell));
    const at = line ? cells.indexOf(line) : -1;
    /** @type {Record<string, number>} */
    const goals = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: cells.length - 1 };
    const to = goals[event.key];
    if (to === undefined) return;
    event.preventDefault();
    show(cells[to]);
    focused?.focus();
    focused?.scrollIntoView({ block: "nearest" });
  }

  comment.addEventListener("click", () => line && openAt(placeOf(line), comment));
  suggest.addEventListener("click", () => line && suggestAt(placeOf(line)));
  tools.addEventListener("keydown", move);

  document.addEventListener("pointerover", (event) => show(cellAt(targetOf(event))));
  document.addEventListener("focusin", offer);
  show(cellAt(pointed())); // while these tools were on their way
  offer();
}

/** The innermost element under the pointer, or that was touched last. */
const pointed = () => all(document, ":hover").at(-1) ?? null;
