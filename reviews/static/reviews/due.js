/**
 * Deadlines: the texts and colours that change as time passes, by the server's clock. Loaded when an
 * APV with a deadline is shown, or when a message tells of one.
 */

import { all, byId } from "./dom.js";
import { addressOf, readElement } from "./fragment.js";
import { now, showTimes } from "./times.js";
import { say, words } from "./words.js";

const TICK_MS = 2_000;
const MINUTE_MS = 60_000;
const HOURS_SHOWN = 48; // longer times are shown in days, as in reviews/console/due.py

const moment = new Intl.DateTimeFormat(document.documentElement.lang, {
  dateStyle: "medium",
  timeStyle: "short",
});

/** @param {ParentNode} part */
const timesIn = (part) => /** @type {HTMLTimeElement[]} */ (all(part, "time.due"));

/**
 * Say in the reader's own zone when it is due, and by which rule.
 *
 * @param {ParentNode} part
 */
export function show(part) {
  for (const time of timesIn(part)) {
    const utc = time.dateTime.slice(0, 16).replace("T", " ");
    time.title = `${moment.format(new Date(time.dateTime))} – ${utc} UTC – ${time.dataset.rule}`;
    renew(time);
  }
}

/** Say of all deadlines how much time is left. */
export function tick() {
  for (const time of timesIn(document)) renew(time);
}

/** @param {HTMLTimeElement} time */
function renew(time) {
  const left = Date.parse(time.dateTime) - now();
  const text = say(left > 0 ? words.dueIn : words.overdue, { time: inAUnit(Math.abs(left)) });
  if (time.textContent !== text) time.textContent = text;
  const isSoon = left > 0 && Date.parse(time.dataset.warn ?? "") <= now();
  time.classList.toggle("overdue", left <= 0);
  time.classList.toggle("soon", isSoon);
}

/**
 * A time in its largest unit, in the words of reviews/console/due.py.
 *
 * @param {number} milliseconds
 */
function inAUnit(milliseconds) {
  const minutes = Math.floor(milliseconds / MINUTE_MS);
  if (minutes < 1) return "< 1 min";
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < HOURS_SHOWN ? `${hours} h` : `${Math.floor(hours / 24)} d`;
}

/** The rules are others now: read the deadline of the open APV again. The list reads its own. */
export async function readAgain() {
  const { code, apvId } = byId("reading").dataset;
  const there = document.getElementById("due");
  if (!code || !there) return;
  const fresh = await readElement(addressOf(code), "#due");
  if (byId("reading").dataset.apvId !== apvId) return; // another one was opened meanwhile
  byId("due").replaceWith(document.adoptNode(fresh));
  showTimes(byId("due"));
}

setInterval(tick, TICK_MS);
