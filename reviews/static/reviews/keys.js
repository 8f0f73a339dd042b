/**
 * The keyboard: single keys, which do nothing in fields and dialogs, and while the reader types.
 *
 * A key that cannot act says why, and what is typed after it does nothing until it was dismissed:
 * the words that were meant for a field must not be read as keys.
 */

import { typedAhead } from "./ahead.js";
import { all, byId, targetOf } from "./dom.js";
import { isEarly } from "./gestures.js";
import { isFolded } from "./queue/list.js";
import { say, toast, watch, words } from "./words.js";

const FIELD = "input, textarea, select, [contenteditable]";
const PAUSE_MS = 1_000; // after the last letter, the reader has stopped typing
const REST_MS = 120; // a held key opens the APV that it stops at

/** @type {Map<string, string>} Key → kind of decision */
const kinds = new Map(Object.entries(watch.kinds ?? {}).map(([kind, { key }]) => [key, kind]));

/**
 * @param {ReturnType<typeof import("./queue.js").queuePage>} queue
 * @param {ReturnType<typeof import("./reading.js").readingPage>} reading
 * @param {ReturnType<typeof import("./decision.js").decisionForm>} decision
 * @param {object} acts what is loaded when it is used first
 * @param {() => void} acts.undo
 * @param {(act: (many: ReturnType<typeof import("./many.js").manyAtOnce>) => unknown) => Promise<unknown>} acts.withMany
 */
export function keys(queue, reading, decision, acts) {
  let typedAt = -Infinity; // when a letter was typed that is not a shortcut
  let refused = false; // a key could not act, and that was not dismissed yet
  const ahead = typedAhead();
  /** @type {Promise<unknown> | null} The form that a key asked for, until it is there. */
  let coming = null;
  /** @type {number | undefined} The timer, while a held key moves on. */
  let opening;

  /** @type {Record<string, (event: KeyboardEvent) => void>} */
  const actions = {
    j: (event) => go(1, event),
    k: (event) => go(-1, event),
    ArrowDown: (event) => go(1, event),
    ArrowUp: (event) => go(-1, event),
    n: () => queue.letIn(),
    f: ({ repeat }) => repeat || fold(),
    z: ({ repeat }) => repeat || acts.undo(),
    c: ({ repeat }) => repeat || claim(),
    "/": () => byId("id_search").focus(),
    "?": help,
    x: () => select(queue.neighbour(0)),
    X: () => select(queue.neighbour(0), true),
  };

  /**
   * @param {HTMLTableRowElement} [row]
   * @param {boolean} [isRange]
   */
  function select(row, isRange) {
    // At once: a key that follows is about what is selected, though the module is on its way.
    if (document.getElementById("many")) document.body.classList.add("selecting");
    acts.withMany((many) => many.toggle(row, isRange));
  }

  // -- Going through the list --------------------------------------------------------------------

  /**
   * Open the neighbour: the row with the focus and the APV that is shown are always one.
   *
   * @param {number} step
   * @param {KeyboardEvent} event
   */
  function go(step, { repeat }) {
    const row = queue.neighbour(step);
    const link = row?.querySelector("a");
    if (!row || !link) return;
    link.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
    if (isFolded()) return; // Enter opens a group
    clearTimeout(opening);
    opening = setTimeout(openFocused, repeat ? REST_MS : 0);
  }

  /** Fold the list in the next of the ways that its filters offer. */
  function fold() {
    /** @type {HTMLInputElement[]} */
    const ways = all(document, "#filters [name=fold]");
    const way = ways[(ways.findIndex((one) => one.checked) + 1) % ways.length];
    if (!way) return;
    way.checked = true;
    way.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function openFocused() {
    clearTimeout(opening);
    opening = undefined;
    focusedLink()?.click();
  }

  const focusedLink = () => document.activeElement?.closest("#list tr")?.querySelector("a");

  // -- Deciding ----------------------------------------------------------------------------------

  /**
   * @param {string} kind
   * @param {KeyboardEvent} event
   */
  function decide(kind, event) {
    if (document.body.classList.contains("selecting")) {
      awaitForm(acts.withMany((many) => many.act(kind) || decideOne(kind)));
    } else if (decision.isLeaving() || !isEarly(event)) decideOne(kind);
    else typedAt = event.timeStamp; // it was not on the screen yet, and a text may follow
  }

  /** @param {Promise<unknown>} form */
  async function awaitForm(form) {
    coming = form;
    await form;
    if (coming !== form) return; // the reader left it
    coming = null;
    const field = /** @type {HTMLTextAreaElement | null} */ (document.activeElement);
    if (field?.matches("textarea")) ahead.writeIn(field);
    ahead.forget();
  }

  /** @param {KeyboardEvent} event */
  function hear(event) {
    ahead.hear(event);
    if (event.key !== "Escape") return;
    coming = null;
    ahead.forget();
  }

  /** @param {string} kind */
  function decideOne(kind) {
    if (opening !== undefined) openFocused();
    const reason = otherRow() || decision.choose(kind);
    if (reason) refuse(reason);
  }

  /** Why no key decides while the focus is on another APV than the open one. */
  function otherRow() {
    const link = focusedLink();
    if (decision.isLeaving() || !link || link.hasAttribute("aria-current")) return "";
    return say(words.otherRow, { code: link.textContent.trim() });
  }

  /** @param {string} reason */
  function refuse(reason) {
    refused = true;
    const text = say(words.cannot, { reason });
    const notice = document.getElementById("cannot");
    if (!notice) {
      toast(text);
      return;
    }
    notice.textContent = text;
    notice.hidden = false;
    notice.focus();
  }

  function dismiss() {
    if (!refused) return;
    refused = false;
    typedAt = -Infinity;
    const notice = document.getElementById("cannot");
    if (notice) notice.hidden = true;
  }

  // -- Claiming ----------------------------------------------------------------------------------

  /** Claim the open APV; if somebody has it, ask for a word to them. */
  function claim() {
    const button = document.getElementById("claim");
    const takeOver = document.getElementById("take-over");
    if (button) button.click();
    else if (takeOver) {
      takeOver.closest("details")?.setAttribute("open", "");
      byId("take-over-reason").focus();
    } else toast(document.querySelector("#team .mine") ? words.youHaveIt : words.cannotClaim);
  }

  // -- Keys --------------------------------------------------------------------------------------

  /** @param {KeyboardEvent} event */
  function pressed(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.isComposing) return;
    /** @type {HTMLInputElement | null | undefined} */
    const field = targetOf(event)?.closest(FIELD);
    if (field) {
      if (event.key === "Escape") field.blur();
      if (field.type !== "radio" || event.key.startsWith("Arrow")) return;
    }
    if (document.querySelector("dialog[open]")) return;
    if (decision.waits()) decision.hear(event);
    else if (coming) hear(event);
    else if (event.key === "Escape") dismiss();
    else if (isTyping(event)) event.preventDefault();
    else if (event.key.startsWith("Arrow") && !inQueue(event))
      return; // panes scroll by these
    else if (act(event)) event.preventDefault();
    else if (isLetter(event) && event.key !== " ") typedAt = event.timeStamp;
  }

  /** @param {KeyboardEvent} event */
  const isLetter = ({ key }) => key.length === 1;

  /**
   * Whether a key belongs to a text that the reader thinks they are typing.
   *
   * @param {KeyboardEvent} event
   */
  function isTyping(event) {
    if (refused) return isLetter(event) || event.key === "Enter";
    if (!isLetter(event) || event.timeStamp - typedAt > PAUSE_MS) return false;
    typedAt = event.timeStamp;
    toast(words.typing);
    return true;
  }

  /** @param {KeyboardEvent} event */
  function inQueue(event) {
    const element = targetOf(event);
    return element === document.body || element?.id === "content" || element?.closest("#list");
  }

  /**
   * Run the shortcut of a key.
   *
   * @param {KeyboardEvent} event
   * @returns {boolean} whether it is a shortcut
   */
  function act(event) {
    const { key } = event;
    const kind = kinds.get(key);
    if (Object.hasOwn(actions, key)) actions[key]?.(event);
    else if (kind) decide(kind, event);
    else return /^[1-9]$/.test(key) && reading.show(Number(key));
    return true;
  }

  function help() {
    /** @type {HTMLDialogElement} */
    const dialog = byId("help");
    dialog.showModal();
  }

  document.addEventListener("keydown", pressed);
  document.addEventListener("refused", ({ detail }) => refuse(detail));
  document.addEventListener("pointerdown", dismiss);
  document.addEventListener("focusin", (event) => {
    if (targetOf(event)?.closest(FIELD)) dismiss();
  });
  document.addEventListener("click", (event) => {
    if (targetOf(event)?.closest("#help-button")) help();
    if (targetOf(event)?.closest("#select")) select();
  });
}
