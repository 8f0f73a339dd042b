/** Comments of others: shown as they come. Loaded when there is one. */

import { all, byId } from "./dom.js";
import { readElement } from "./fragment.js";
import { countNotice } from "./team.js";
import { say, toast, watch, words } from "./words.js";

/** @param {CommentChanged} told */
export async function tell(told) {
  if (told.mentioned.includes(watch.username)) {
    countNotice();
    toast(say(words.mentionedYou, { name: told.by_name, code: told.apv_code }));
  }
  if (told.apv_id === byId("reading").dataset.apvId) await renew();
}

/** Read the comments again, and keep each one in which the reader is writing. */
async function renew() {
  const section = document.getElementById("comments");
  if (!section) return;
  /** @type {HTMLElement} */
  const fresh = await readElement(section.dataset.address ?? "", "#comment-list");
  const place = byId("comment-list");
  if (document.getElementById("comments") !== section) return; // another APV is open meanwhile
  for (const item of all(fresh, "li[id]")) {
    const before = document.getElementById(item.id);
    if (before && isBusy(before)) continue;
    if (before) before.replaceWith(item);
    else place.append(item);
    window.htmx.process(item);
  }
  if (place.querySelector("li[id]")) place.querySelector("li:not([id])")?.remove();
}

/** @param {Element} item */
const isBusy = (item) =>
  item.contains(document.activeElement) || item.querySelector("details[open]") !== null;
