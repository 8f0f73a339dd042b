/** The readers of the open APV: this tab announces its reader, and shows the others. */

import { byId } from "../dom.js";
import { isAtApv, read } from "../fragment.js";
import { revealed } from "../invisible_characters.js";
import { say, words } from "../words.js";

const listed = new Intl.ListFormat(document.documentElement.lang);

const thisTab = [...crypto.getRandomValues(new Uint8Array(16))]
  .map((byte) => byte.toString(16).padStart(2, "0"))
  .join(""); // the reader may have several, and leave one

export function presence() {
  /** @type {string | undefined} Where it was said last that an APV is being read. */
  let last;
  const address = () => document.getElementById("reading")?.dataset.reading;

  /** Whether somebody reads an APV here now. */
  const isRead = () => Boolean(address()) && isAtApv() && !document.hidden;

  /** Another APV may have opened: the one before is not read any more. */
  function adopt() {
    if (last && last !== address()) leave("apv", last);
    last = address();
  }

  /** @returns {Promise<ApvState & { others: string[] }>} who else reads it, and its state */
  async function report() {
    const answer = await read(address() ?? "", { method: "POST", body: fields() });
    const now = await answer.json();
    return { ...now, others: now.others.map(revealed) };
  }

  /** @param {string[]} names */
  function show(names) {
    const text = names.length
      ? say(names.length > 1 ? words.areReading : words.isReading, { name: listed.format(names) })
      : "";
    const place = byId("readers");
    if (place.textContent !== text) place.textContent = text;
  }

  /**
   * Notify the others at once; the server forgets a page that cannot a few seconds later.
   *
   * @param {"" | "apv" | "page"} [how] for another APV or with the page, which end a claim; "" as it is hidden
   */
  function leave(how = "", left = address()) {
    if (!left || !isAtApv()) return;
    const form = fields();
    form.set("left", how);
    navigator.sendBeacon(left, form);
  }

  return { isRead, adopt, report, show, leave };
}

function fields() {
  const form = new FormData();
  /** @type {HTMLInputElement | null} */
  const token = document.querySelector("#decide [name=csrfmiddlewaretoken]");
  form.set("csrfmiddlewaretoken", token?.value ?? "");
  form.set("tab", thisTab);
  return form;
}
