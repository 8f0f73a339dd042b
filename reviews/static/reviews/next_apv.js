/**
 * The APV after the open one, read before the reader asks for it, so that a key shows it at once.
 *
 * Reading it ahead counts for nobody: an APV is read and claimed by other requests, once it is
 * shown. It is forgotten with whatever happens to that APV, and the server compares its version
 * when somebody decides, as with any page.
 */

import { read } from "./fragment.js";

const REST_MS = 1_000; // how long the reader stays at an APV before the next one is read
const FRESH_MS = 60_000; // an older one is read again

const OF_LISTS = new Set(["new_apv", "decision_made"]); // change how many APVs are related

/** @typedef {{ text: string, isDated: boolean }} Ahead `isDated` if others are related by now */

/** @param {() => HTMLAnchorElement | null} next the link of the APV that comes next */
export function nextApv(next) {
  /** @type {Ahead & { path: string, code: string, tab: string, until: number } | undefined} */
  let ahead;
  /** @type {number | undefined} */
  let resting;
  let reading = new AbortController();

  /** Read the next APV once nothing else is asked for. */
  function readSoon() {
    forget();
    resting = setTimeout(() => readNow().catch(() => {}), REST_MS); // its key reads it then
  }

  async function readNow() {
    const link = next();
    const path = link?.getAttribute("href");
    if (!link || !path || !isWelcome()) return;
    const coming = { path, code: link.textContent.trim(), tab: chosenTab() };
    const until = performance.now() + FRESH_MS;
    const found = { ...coming, until, text: "", isDated: false };
    ahead = found;
    const headers = { "HX-Request": "true", Accept: "*/*" };
    const answer = await read(path, { headers, signal: reading.signal, priority: "low" });
    found.text = await answer.text();
  }

  function forget() {
    clearTimeout(resting);
    reading.abort();
    reading = new AbortController();
    ahead = undefined;
  }

  /**
   * The APV at `path` as it was read ahead, if it was and still holds.
   *
   * @param {string} path
   * @returns {Ahead | null}
   */
  function take(path) {
    const found = ahead;
    forget();
    const isThis = found?.path === path && found.tab === chosenTab();
    return isThis && found.text && performance.now() < found.until && isFollowed() ? found : null;
  }

  /**
   * Something happened: what was read of that APV does not hold any more.
   *
   * @param {{ type: string, apv_code?: string }} message
   */
  function hear({ type, apv_code: code }) {
    if (!ahead || type === "stats_update") return;
    if (!code || code === ahead.code) readSoon();
    else if (OF_LISTS.has(type)) ahead.isDated = true;
  }

  return { readSoon, take, hear };
}

/** Whether events come, without which nobody could say whether it still holds. */
const isFollowed = () => document.body.dataset.line === "live";

/** Whether the reader is there, and has not asked for fewer data. */
function isWelcome() {
  /** @type {{ saveData?: boolean } | undefined} */
  const connection = Reflect.get(navigator, "connection");
  return isFollowed() && !document.hidden && !connection?.saveData;
}

/** The server opens an APV at the tab that was chosen last. */
const chosenTab = () => /(?:^|; )hitl_tab=([^;]*)/.exec(document.cookie)?.[1] ?? "";
