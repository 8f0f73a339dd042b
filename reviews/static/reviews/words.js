/** The sentences of the page, in the reader's language (reviews/console/words.py). */

import { byId } from "./dom.js";

/** @type {HTMLElement | null} */
const main = document.querySelector("main[data-watch]");

/** @type {Watch & { words: Words }} */
const { words, ...watch } = JSON.parse(main?.dataset.watch ?? '{"words":{}}');

export { watch, words };

/** The action of an approval that waits for others: its APV stays where it is. */
export const AWAITING = "awaiting_approval";

/**
 * A sentence with its `{…}` filled in.
 *
 * @param {string | undefined} sentence
 * @param {Record<string, string | number | undefined>} [values]
 */
export function say(sentence, values = {}) {
  return (sentence ?? "").replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

const whole = new Intl.NumberFormat(document.documentElement.lang);

/**
 * A number as the reader's language writes it.
 *
 * @param {number | string | undefined} number
 */
export function digits(number) {
  return whole.format(Number(number));
}

/** @param {string | undefined} text */
export function capitalised(text = "") {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** @param {DecisionMade} message */
export function isFinal({ decision, action_taken: action }) {
  return action !== AWAITING && (watch.kinds[decision]?.final ?? true);
}

const ANNOUNCE_MS = 4_000; // so that not every event interrupts a screen reader

/** @typedef {{ line: string, kind: Sentence }} Announcement */
/** @type {Announcement[]} */
let gathered = [];
/** @type {number | undefined} */
let announcing;

/**
 * Announce to a screen reader, in batches; the sentence `kind` summarises several lines.
 *
 * @param {string} line
 * @param {Sentence} kind
 */
export function announce(line, kind) {
  gathered.push({ line, kind });
  announcing ??= setTimeout(() => {
    announcing = undefined;
    const batch = gathered;
    gathered = [];
    byId("announcer").textContent = summed(batch).join(" ");
  }, ANNOUNCE_MS);
}

/**
 * Announce to a screen reader what it should hear before its next batch.
 *
 * @param {string} text
 */
export function announceNow(text) {
  byId("announcer").textContent = text;
}

/** @param {Announcement[]} batch */
function summed(batch) {
  /** @type {Map<Sentence, string[]>} */
  const kinds = new Map();
  for (const { line, kind } of batch) kinds.set(kind, [...(kinds.get(kind) ?? []), line]);
  return [...kinds].flatMap(([kind, lines]) =>
    lines.length > 2 && words[kind]
      ? [`${say(words[kind], { count: digits(lines.length) })}.`]
      : lines.map((line) => `${line}.`),
  );
}

const TOAST_MS = 8_000;
/** @type {number | undefined} */
let fading;

/**
 * Say something at the foot of the page for a while.
 *
 * @param {string} text
 */
export function toast(text) {
  const place = byId("toast");
  place.textContent = text;
  place.hidden = false;
  clearTimeout(fading);
  fading = setTimeout(() => {
    place.hidden = true;
  }, TOAST_MS);
}
