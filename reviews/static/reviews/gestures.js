/**
 * Clicks and keys count only where they were meant: what appears under the pointer, or takes the
 * focus, must have been on the screen before the gesture began. The second click of a double
 * click, and gestures that waited while the page was busy, began before that.
 */

import { targetOf } from "./dom.js";

const REACTION_MS = 350; // nobody reacts faster; the second click of a double click comes sooner

const root = document.documentElement;
let changed = "page"; // what appeared or left last: the page, or the part with this id
let shownAt = Infinity; // when that was on the screen; Infinity until it is
let pressedAt = 0; // when the last click began
/** @type {number | undefined} */
let guarding; // the timer that ends the guard

/**
 * Say that a part of the page appeared or left; until it can be seen, clicks on it are ignored.
 *
 * @param {string} [part] its id
 */
export function appeared(part = "page") {
  if (root.dataset.guarded !== "page") changed = root.dataset.guarded = part;
  shownAt = Infinity;
  clearTimeout(guarding);
  requestAnimationFrame(() => setTimeout(painted));
}

function painted() {
  shownAt = performance.now();
  clearTimeout(guarding);
  guarding = setTimeout(() => {
    delete root.dataset.guarded;
  }, REACTION_MS);
}

/**
 * Whether a key was pressed before what it acts on was on the screen.
 *
 * @param {Event} event
 */
export const isEarly = (event) => event.timeStamp < shownAt;

/**
 * Whether a click began before its target was visible; clicks by scripts never do.
 *
 * @param {MouseEvent} event
 */
function isEarlyClick(event) {
  if (!event.isTrusted) return false;
  const isByKey = event.detail === 0;
  return isByKey ? isEarly(event) : pressedAt < shownAt + REACTION_MS;
}

/** @param {MouseEvent} event */
function guard(event) {
  const isOnIt = changed === "page" || targetOf(event)?.closest(`#${changed}`);
  if (!isOnIt || !isEarlyClick(event)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}

addEventListener(
  "pointerdown",
  ({ timeStamp }) => {
    pressedAt = timeStamp;
  },
  true,
);
addEventListener("click", guard, true);
appeared();
