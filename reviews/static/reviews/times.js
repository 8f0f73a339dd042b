/**
 * Times: waiting times that tick, and moments in the reader's zone, with UTC on hover.
 *
 * The server sends the current time, since the reader's clock may be hours wrong, or be set meanwhile.
 * A monotonic clock then counts on. It may stop while the machine sleeps, so the server sends the time
 * regularly.
 */

import { all } from "./dom.js";
import { watch } from "./words.js";

const WAITING = "time.waiting[datetime]";
const TICK_MS = 15_000;
const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const moment = new Intl.DateTimeFormat(document.documentElement.lang, {
  dateStyle: "medium",
  timeStyle: "short",
});

const brief = new Intl.DateTimeFormat(document.documentElement.lang, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
});

function arrivedAt() {
  const [entry] = performance.getEntriesByType("navigation");
  return /** @type {PerformanceNavigationTiming | undefined} */ (entry)?.responseStart ?? 0;
}

let ahead = watch.now ? Date.parse(watch.now) - arrivedAt() : Date.now() - performance.now();

/**
 * Take the time from a message that the server has just sent.
 *
 * @param {string} timestamp
 */
export function setClock(timestamp) {
  ahead = Date.parse(timestamp) - performance.now();
}

/** What time it is at the server, in milliseconds since 1970. */
export const now = () => performance.now() + ahead;

/**
 * Show the times in `part` of the page as the reader knows them.
 *
 * @param {ParentNode} part
 */
export function showTimes(part) {
  for (const time of timesIn(part, "time.moment")) {
    const at = new Date(time.dateTime);
    time.title = `${at.toISOString().slice(0, 16).replace("T", " ")} UTC`;
    time.textContent = (time.classList.contains("brief") ? brief : moment).format(at);
  }
  if (timesIn(part, ".due").length)
    import("./due.js").then(({ show }) => show(part)).catch(() => {});
  for (const time of timesIn(part, WAITING)) {
    time.title = `${moment.format(new Date(time.dateTime))} – ${time.dateTime.slice(0, 16).replace("T", " ")} UTC`;
  }
}

/**
 * @param {ParentNode} part
 * @param {string} selector
 * @returns {HTMLTimeElement[]}
 */
function timesIn(part, selector) {
  return all(part, selector);
}

function tick() {
  for (const time of timesIn(document, WAITING)) {
    const words = inWords(now() - Date.parse(time.dateTime));
    if (time.textContent !== words) time.textContent = words;
  }
}

/** Show the seconds until moments that are near, and nothing once they are over. */
function countDown() {
  for (const time of timesIn(document, "time.countdown[datetime]")) {
    const seconds = Math.ceil((Date.parse(time.dateTime) - now()) / 1000);
    time.textContent = `${Math.max(0, seconds)} s`;
    /** @type {HTMLElement | null} */
    const held = time.closest(".held");
    if (held) held.hidden = seconds <= 0;
  }
}

setInterval(tick, TICK_MS);
setInterval(countDown, SECOND_MS);

/**
 * A time of waiting in its two largest units, in the words of reviews/console/rows.py.
 *
 * @param {number} milliseconds
 */
function inWords(milliseconds) {
  const minutes = Math.max(0, Math.floor(milliseconds / MINUTE_MS));
  if (minutes < 1) return "< 1 min";
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
}
