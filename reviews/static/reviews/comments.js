/** Comments at lines and below: shown as they come, and written. Loaded when they are used. */

import { cellAfter, listen, openAt, putBack } from "./comments/forms.js";
import { fileOf } from "./diff_lines.js";
import { all, byId, one, targetOf } from "./dom.js";
import { readElement } from "./fragment.js";
import { countNotice } from "./team.js";
import { showTimes } from "./times.js";
import { say, toast, watch, words } from "./words.js";

export { openAt };

const RECENT_MS = 10_000; // a diff that was on its way may lack a comment of this age

let toldAt = -Infinity;
let isReading = false;
let isLate = false; // there was news while the comments were read
let isHeld = false; // a comment could not be renewed, since somebody writes there

/** @param {CommentChanged} told */
export async function tell(told) {
  if (told.mentioned.includes(watch.username)) {
    countNotice();
    toast(say(words.mentionedYou, { name: told.by_name, code: told.apv_code }));
  }
  toldAt = performance.now();
  if (told.apv_id === byId("reading").dataset.apvId) await renew();
}

/** Read the comments again, one time after the other. */
async function renew() {
  isLate = isReading;
  if (isReading) return;
  isReading = true;
  try {
    await readAgain();
  } finally {
    isReading = false;
  }
  if (isLate) await renew();
}

async function readAgain() {
  const section = document.getElementById("comments");
  if (!section) return;
  /** @type {HTMLElement} */
  const fresh = await readElement(section.dataset.address ?? "", "#comments");
  if (document.getElementById("comments") === section) steadily(() => take(fresh));
}

/**
 * Change the page above or below what is read, which stays where it is: browsers see to that only
 * outside of what scrolls by itself, as long lines of a diff do.
 *
 * @param {() => void} change
 */
function steadily(change) {
  const read = whatIsRead();
  const before = read?.getBoundingClientRect().top ?? 0;
  change();
  if (read?.isConnected) scrollerOf(read)?.scrollBy(0, read.getBoundingClientRect().top - before);
}

/** The field with the caret if it is in view, or what stands in the middle of the evidence. */
function whatIsRead() {
  const evidence = one(byId("reading"), ".evidence");
  const { left, top, bottom } = evidence.getBoundingClientRect();
  const middle = (Math.max(top, 0) + Math.min(bottom, innerHeight)) / 2;
  const focused = document.activeElement;
  const isSeen = evidence.contains(focused) && isInView(focused);
  return isSeen ? focused : document.elementFromPoint(left + evidence.clientWidth / 2, middle);
}

/** @param {Element | null} element */
function isInView(element) {
  const { top, bottom } = element?.getBoundingClientRect() ?? { top: -1, bottom: -1 };
  return bottom > 0 && top < innerHeight;
}

/** @param {Element} element */
function scrollerOf(element) {
  for (let at = element.parentElement; at; at = at.parentElement) {
    const scrolls = ["auto", "scroll"].includes(getComputedStyle(at).overflowY);
    if (scrolls && at.scrollHeight > at.clientHeight) return at;
  }
  return document.scrollingElement;
}

/**
 * Show the comments as they are now, but keep each one in which the reader is writing.
 *
 * @param {HTMLElement} fresh
 * @param {Element | null} [settled] the one whose form was sent
 */
function take(fresh, settled) {
  isHeld = false;
  renewItems(one(fresh, "#comment-list"), byId("comment-list"), settled);
  for (const thread of all(fresh, ".thread")) renewThread(thread, fresh, settled);
  byId("no-comments").hidden = one(fresh, "#no-comments").hidden;
  const index = byId("comment-lines");
  index.hidden = !fresh.querySelector(".thread");
  if (!index.contains(document.activeElement)) {
    one(index, "ul").replaceWith(one(fresh, "#comment-lines ul"));
  }
  count(all(fresh, ".thread"));
}

/**
 * @param {HTMLElement} thread
 * @param {HTMLElement} fresh
 * @param {Element | null} [settled]
 */
function renewThread(thread, fresh, settled) {
  const place = thread.dataset.place ?? "";
  const there = document.querySelector(`#diff .thread[data-place="${CSS.escape(place)}"]`);
  const list = one(thread, "ol");
  if (there) {
    const shown = one(there, "ol");
    renewItems(list, shown, settled);
    if (list.tabIndex === 0) shown.tabIndex = 0;
  } else if (fresh.dataset.revision === byId("comments").dataset.revision) {
    showTimes(thread);
    cellAfter(place)?.prepend(thread); // it comes with its part of the diff otherwise
  }
}

/**
 * @param {HTMLElement} fresh
 * @param {HTMLElement} shown
 * @param {Element | null} [settled]
 */
function renewItems(fresh, shown, settled) {
  for (const item of all(fresh, "li[id]")) {
    const before = document.getElementById(item.id);
    if (before && before !== settled) {
      if (before.dataset.changed === item.dataset.changed) continue;
      if (isBusy(before)) {
        isHeld = true;
        continue;
      }
    }
    showTimes(item);
    if (before) exchange(before, item);
    else shown.append(item);
  }
}

/** @param {Element} item */
const isBusy = (item) => item.querySelector("details[open]") !== null;

/**
 * @param {HTMLElement} before
 * @param {HTMLElement} after
 */
function exchange(before, after) {
  const hadFocus = before.contains(document.activeElement);
  before.replaceWith(after);
  if (hadFocus) after.querySelector("summary")?.focus({ preventScroll: true });
}

/** @param {HTMLElement[]} threads */
function count(threads) {
  /** @type {Map<HTMLElement, number>} */
  const counts = new Map();
  for (const thread of threads) {
    const file = fileOf(thread.dataset.place ?? "");
    if (file) counts.set(file, (counts.get(file) ?? 0) + all(thread, "li[id]").length);
  }
  for (const [file, number] of counts) {
    const place = one(file, ".talks");
    place.hidden = false;
    one(place, ".digits").textContent = String(number);
  }
}

// -- Going to a thread ---------------------------------------------------------------------------

/** @param {MouseEvent} event */
function goTo(event) {
  /** @type {HTMLAnchorElement | null | undefined} */
  const link = targetOf(event)?.closest("a[data-thread]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const thread = document.getElementById(`thread-${link.dataset.thread}`);
  const tab = document.querySelector("#tabs [data-tab=patch]");
  if (!thread || !(tab instanceof HTMLElement)) return; // the link leads to its part of the diff
  event.preventDefault();
  tab.click();
  thread.closest("details")?.setAttribute("open", "");
  thread.scrollIntoView({ block: "center" });
  /** @type {HTMLElement | null} */
  const first = thread.querySelector(".reply, summary");
  first?.focus({ preventScroll: true });
}

function adopt() {
  putBack();
  if (performance.now() - toldAt < RECENT_MS) renew().catch(() => {}); // the next one will tell
}

listen(take);
document.addEventListener("click", goTo);
document.addEventListener("htmx:load", adopt);
document.addEventListener(
  "toggle",
  (event) => {
    if (isHeld && targetOf(event)?.matches("li details.change:not([open])"))
      renew().catch(() => {});
  },
  true,
);
