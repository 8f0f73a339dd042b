/** The sentences of the page, in the reader's language (reviews/console/words.py). */

const { words, ...watch } = JSON.parse(
  document.querySelector("main[data-watch]")?.dataset.watch ?? '{"words":{}}',
);

export { watch, words };

/** A sentence with its `{…}` filled in. */
export function say(sentence, values = {}) {
  return sentence.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

const whole = new Intl.NumberFormat(document.documentElement.lang);

/** A number as the reader's language writes it. */
export function digits(number) {
  return whole.format(number);
}

export function capitalised(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const ANNOUNCE_MS = 4_000; // a screen reader is not to be interrupted by every event
let gathered = [];
let announcing;

/** Tell a screen reader, in batches; `many` sums up several lines of a kind. */
export function announce(line, kind) {
  gathered.push({ line, kind });
  announcing ??= setTimeout(() => {
    announcing = undefined;
    const batch = gathered;
    gathered = [];
    document.getElementById("announcer").textContent = summed(batch).join(" ");
  }, ANNOUNCE_MS);
}

function summed(batch) {
  const kinds = Map.groupBy
    ? Map.groupBy(batch, ({ kind }) => kind)
    : batch.reduce((map, one) => map.set(one.kind, [...(map.get(one.kind) ?? []), one]), new Map());
  return [...kinds].flatMap(([kind, lines]) =>
    lines.length > 2 && words[kind]
      ? [`${say(words[kind], { count: digits(lines.length) })}.`]
      : lines.map(({ line }) => `${line}.`),
  );
}

const TOAST_MS = 8_000;
let fading;

/** Say something at the foot of the page for a while. */
export function toast(text) {
  const place = document.getElementById("toast");
  place.textContent = text;
  place.hidden = false;
  clearTimeout(fading);
  fading = setTimeout(() => (place.hidden = true), TOAST_MS);
}
