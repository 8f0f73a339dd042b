/** The rows further down: loaded well before they are scrolled into sight. */

import { apvOf, hasMore, list, pageSize, standing } from "./list.js";
import { bringIn } from "./placing.js";
import { inTurn, readRows } from "./server.js";

const AHEAD = "1500px 0px";

/**
 * @param {{ isKnown: (apvId: string) => boolean, endsLine: EndsLine }} options
 *   `isKnown` says of an APV that its row waits, or must not come any more.
 */
export function moreRows({ isKnown, endsLine }) {
  /** @type {IntersectionObserver | undefined} */
  let sight;
  let isLoading = false;

  /** Load more each time the end of the list comes near. */
  function watchEnd() {
    sight?.disconnect();
    const more = document.getElementById("more");
    if (!more) return;
    sight = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) load();
      },
      { root: list(), rootMargin: AHEAD },
    );
    sight.observe(more);
  }

  /** Load more if rows left the list, and few are still there. */
  function refill() {
    if (hasMore() && standing().length < pageSize()) load();
  }

  function load() {
    if (isLoading || !hasMore()) return;
    isLoading = true;
    const after = lastKey();
    inTurn(() => append(after))
      .catch(endsLine)
      .finally(() => {
        isLoading = false;
        watchEnd(); // it may still be in view
      });
  }

  /** The server's name of the last row. */
  function lastKey() {
    const last = standing().at(-1);
    return last?.dataset.decisionId ?? last?.querySelector(".at-code a")?.textContent ?? "";
  }

  /** @param {string} after */
  async function append(after) {
    /** @type {Record<string, string>} */
    const query = after ? { after } : {};
    const fresh = await readRows(query);
    for (const row of fresh.rows) {
      if (!document.getElementById(row.id) && !isKnown(apvOf(row))) bringIn(row);
    }
    if (!fresh.hasMore) end();
  }

  function end() {
    delete list().dataset.hasMore;
    document.getElementById("more")?.remove();
  }

  return { watchEnd, refill };
}
