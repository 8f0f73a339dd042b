/** Read the whole list again from the server, and keep the scroll position and the focus. */

import { byId, one } from "../dom.js";
import { readElement } from "../fragment.js";
import { apvOf, isBelowTop, list, pageSize, positions, rows } from "./list.js";
import { openRow } from "./open_row.js";
import { inTurn } from "./server.js";

const SPREAD_MS = 250; // so that many pages do not all ask in the same moment
const REST_MS = 1_000; // between two reloads that the page wants for itself
const RETRY_MS = 5_000;

/**
 * @param {{ adopt: (before: Set<string>) => void, endsLine: EndsLine }} options
 *   `adopt` goes on with the new list; `before` are the APVs that were in the old one.
 */
export function reloading({ adopt, endsLine }) {
  /** @type {number | undefined} */
  let soon;

  /** Read the list again; return its positions. */
  function reload() {
    return inTurn(async () => {
      const part = await readElement(addressAround(), "body");
      const before = new Set(rows().map(apvOf));
      const focused = document.activeElement?.closest("#list tr, #lists a")?.id ?? "";
      const { scrollTop } = list();
      exchange(part);
      adopt(before);
      window.htmx?.process(list());
      list().scrollTop = scrollTop;
      focus(focused);
      return positions();
    });
  }

  /** @param {number} [delay] in milliseconds */
  function reloadSoon(delay = REST_MS) {
    soon ??= setTimeout(
      () => {
        soon = undefined;
        reload().catch((error) => {
          if (!endsLine(error)) reloadSoon(RETRY_MS);
        });
      },
      delay + Math.random() * SPREAD_MS,
    );
  }

  return { reload, reloadSoon };
}

/** Where the list is read: around the row that is open, if the first page does not hold it. */
function addressAround() {
  const address = new URL(list().dataset.address ?? "", location.href);
  const open = openRow();
  const at = open ? rows().indexOf(open) : -1;
  if (at >= 0 && (at >= pageSize() || isBelowTop())) {
    address.searchParams.set("around", byId("reading").dataset.code ?? "");
  }
  return address;
}

/** @param {HTMLElement} part */
function exchange(part) {
  const { scrollLeft } = byId("lists");
  for (const id of ["list", "lists"]) {
    byId(id).replaceWith(document.adoptNode(one(part, `#${id}`)));
  }
  byId("lists").removeAttribute("hx-swap-oob");
  byId("lists").scrollLeft = scrollLeft;
}

/** @param {string} id of a row, or of a link above the list */
function focus(id) {
  const again = document.getElementById(id);
  (again?.querySelector("a") ?? again)?.focus({ preventScroll: true });
}
