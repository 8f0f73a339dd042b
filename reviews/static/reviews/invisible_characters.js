/** Show invisible characters and lookalikes in messages of the socket. */

// The same as in reviews/console/invisible_characters.py.
const INVISIBLE =
  /(?!\x20)[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800\ufffc\u{1d159}\u{16fe4}\u{13441}\u{13442}]/gu;
const WORD = /[\p{L}\p{M}\p{N}]+/gu;
const WRITTEN_WITH_LATIN =
  /[\p{Script=Latin}\p{Script=Han}\p{Script=Hira}\p{Script=Kana}\p{Script=Hang}\p{Script=Bopo}]/u;
const SCRIPTS = [
  "Cyrillic",
  "Greek",
  "Armenian",
  "Cherokee",
  "Coptic",
  "Georgian",
  "Hebrew",
  "Arabic",
];
/** @type {[string, RegExp][]} */
const OF_SCRIPT = SCRIPTS.map((name) => [name, new RegExp(`\\p{Script=${name}}`, "u")]);

/** @param {string} character */
function numberOf(character) {
  return `⟨U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}⟩`;
}

/**
 * The letters of other scripts in words that are otherwise Latin, each with its script.
 *
 * @param {string} text
 */
function passing(text) {
  const words = (text.match(WORD) ?? []).filter((word) => /\p{Script=Latin}/u.test(word));
  const letters = new Set(words.flatMap((word) => [...word]).filter((one) => /\p{L}/u.test(one)));
  return [...letters]
    .filter((one) => !WRITTEN_WITH_LATIN.test(one))
    .map(
      (one) => `${one} ${OF_SCRIPT.find(([, script]) => script.test(one))?.[0] ?? numberOf(one)}`,
    );
}

/**
 * `text` with each invisible character as its number, and a note on lookalikes.
 *
 * @param {string} text
 */
export function revealed(text) {
  const notes = passing(text);
  const shown = text.replace(INVISIBLE, numberOf);
  return notes.length ? `${shown} (${notes.join(", ")})` : shown;
}

/**
 * A message of the socket, or another answer, with all of its texts revealed.
 *
 * @template T
 * @param {T} value
 * @returns {T}
 */
export function revealedAll(value) {
  return /** @type {T} */ (revealedIn(value));
}

/**
 * @param {unknown} value
 * @returns {unknown}
 */
function revealedIn(value) {
  if (typeof value === "string") return revealed(value);
  if (Array.isArray(value)) return value.map(revealedIn);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, revealedIn(one)]));
}
