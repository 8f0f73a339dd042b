/**
 * The lengths of lists: above the list, on the tabs, and in the title of the browser's tab. Rows
 * that come and go in view change them at once; the server counts the others.
 */

import { all, byId, one } from "./dom.js";
import { read } from "./fragment.js";
import { digits, say, words } from "./words.js";

const REST_MS = 500; // changes this close together are counted once
const SPREAD_MS = 500; // so that many pages do not all ask at the same moment
const RECOUNT_MS = 300_000;
const NUMBER = /^\([^)]*\) /;
const plural = new Intl.PluralRules(document.documentElement.lang);

/**
 * Keep the lengths current. `counted` is called with the length that the server counted.
 *
 * @param {{ endsLine: EndsLine, counted: (found: number) => void }} options
 */
export function listCounts({ endsLine, counted }) {
  let known = 0; // the length of the list after all received events
  /** @type {number | undefined} */
  let resting;
  const list = () => byId("list");
  const isNarrowed = () => "narrowed" in list().dataset;
  const isQueue = () => list().dataset.list === "pending";
  const most = () => Number(list().dataset.counted);
  const isUncounted = () => known > most() && !(isQueue() && !isNarrowed());

  /** Begin with the numbers of a list that was read again. */
  function adopt() {
    known = Number(list().dataset.known);
    showAttention(attention()); // the head follows the tab
    show();
  }

  /** @param {number} more */
  function add(more) {
    if (isUncounted()) recountSoon();
    else known += more;
    show();
  }

  function recountSoon() {
    resting ??= setTimeout(() => recount().catch(endsLine), REST_MS + Math.random() * SPREAD_MS);
  }

  async function recount() {
    resting = undefined;
    const address = list().dataset.counts ?? "";
    const { found, pending, escalated, attention, notices } = await (await read(address)).json();
    if (list().dataset.counts !== address) return; // another list is shown by now
    if (isNarrowed() || !isQueue()) known = found; // every event of the whole queue arrives here
    showTab("pending", pending);
    showTab("escalated", escalated);
    showAttention(attention);
    showNotices(notices);
    show();
    if (isNarrowed() && isQueue()) counted(found);
  }

  /**
   * @param {string} name
   * @param {number} number
   */
  function showTab(name, number) {
    for (const counter of all(document, `#tab-${name} .count:not([data-stat])`)) {
      counter.dataset.count = String(number);
      counter.textContent = digits(number);
    }
  }

  /** @param {number} number of decisions: without one, neither a tab nor the head names the list */
  function showAttention(number) {
    for (const counter of attentionCounts()) {
      counter.dataset.count = String(number);
      counter.textContent = digits(number);
      const link = counter.closest("a");
      if (link) link.hidden = number === 0 && !link.hasAttribute("aria-current");
    }
  }

  /** @param {number} number of those that the reader has not read */
  function showNotices(number) {
    const link = byId("notices");
    one(link, ".count").textContent = digits(number);
    if (number) link.hidden = false;
  }

  const attentionCounts = () => all(document, ":is(#tab-attention, #attention) .count");
  const attention = () => Number(all(document, "#tab-attention .count")[0]?.dataset.count ?? 0);

  /** @param {number} more */
  function escalatedBy(more) {
    const counter = all(document, "#tab-escalated .count")[0];
    showTab("escalated", Number(counter?.dataset.count) + more);
  }

  function show() {
    const found = list().querySelector(".found");
    if (found) found.textContent = inWords();
    else if (isQueue()) showTab("pending", known);
    showTitle();
  }

  function inWords() {
    if (isUncounted()) return say(words.foundMore, { count: digits(most()) });
    const sentence = plural.select(known) === "one" ? words.foundOne : words.foundMany;
    return say(sentence, { count: digits(known) });
  }

  function showTitle() {
    const number = isUncounted() ? `${digits(most())}+` : digits(known);
    const plain = document.title.replace(NUMBER, "");
    const title = list().dataset.list === "decided" ? plain : `(${number}) ${plain}`;
    if (document.title !== title) document.title = title;
  }

  // An APV that opens sets its own title.
  new MutationObserver(showTitle).observe(document.head, { childList: true, subtree: true });

  // What should be carried out by now needs attention without any message.
  setInterval(() => document.hidden || recountSoon(), RECOUNT_MS);

  return { adopt, add, recountSoon, escalatedBy, attention, known: () => known };
}
