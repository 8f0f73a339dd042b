/** What becomes of the open APV without a decision. Loaded when there is something. */

import { all, byId, one } from "../dom.js";
import { addressOf, readElement } from "../fragment.js";
import { showTimes } from "../times.js";
import { say, words } from "../words.js";

const FIELDS = "#decision-form :is([name=version], [name=seen])";
const PARTS = [".head", "#panel-validation", "#panel-history", "#requirements", "#field-decision"];
const SAME_PATCH = new Set(["rebased", "approval"]); // what leaves the patch as it was read

/**
 * @param {ApvChanged} message
 * @param {object} reading
 * @param {() => Promise<void>} reading.look compares the page with the server's state
 * @param {(text?: string) => void} reading.showChanged
 * @param {(text: string) => void} reading.outdated ends an open question
 */
export async function follow(message, { look, showChanged, outdated }) {
  const { apvId, version, open } = byId("reading").dataset;
  if (message.apv_id !== apvId || message.version <= Number(version)) return; // known by now
  const isOpen = open !== undefined;
  if (message.what === "retracted") {
    byId("decided-meanwhile").hidden = true; // it does not stand any more
    showChanged(words.retracted);
  } else if (message.what === "revised" && isOpen) {
    showChanged(say(words.revised, { number: String(message.revision) }));
  } else if (SAME_PATCH.has(message.what) && isOpen && message.version === Number(version) + 1) {
    if (await takeOver(message)) outdated(words.changed);
    else showChanged();
  } else {
    await look();
  }
}

/**
 * A rebase: let the form be about the new commit, and say so; what was typed and the focus stay.
 *
 * @param {ApvChanged} message
 * @returns {Promise<boolean>} whether that was possible
 */
async function takeOver({ apv_code: code, apv_id: apvId, version, revision, what }) {
  const fresh = await readElement(addressOf(code), "#reading");
  const now = byId("reading");
  if (now.dataset.apvId !== apvId) return true; // another one was opened meanwhile
  if (Number(fresh.dataset.version) !== version || !renewForm(now, fresh)) return false;
  Object.assign(now.dataset, fresh.dataset);
  const chosen = now.querySelector("[name=decision]:checked")?.getAttribute("value");
  for (const part of PARTS) exchange(one(now, part), one(fresh, part));
  if (chosen) choose(now, chosen);
  showTimes(now);
  byId("changed").hidden = true; // a comparison of the page with this version may have said so
  const notice = byId("rebased");
  notice.textContent = say(what === "approval" ? words.approvals : words.rebased, {
    number: String(revision),
  });
  notice.hidden = false;
  return true;
}

/**
 * @param {HTMLElement} now
 * @param {HTMLElement} fresh
 * @returns {boolean} whether there is a form in both
 */
function renewForm(now, fresh) {
  /** @type {HTMLInputElement[]} */
  const fields = all(now, FIELDS);
  /** @type {HTMLInputElement[]} */
  const renewed = all(fresh, FIELDS);
  if (!fields.length || fields.length !== renewed.length) return false;
  for (const field of fields) {
    const same = renewed.find(({ name }) => name === field.name);
    if (same) field.value = same.value;
  }
  return true;
}

/**
 * @param {HTMLElement} now
 * @param {string} kind that the reader had chosen, unless it is not possible any more
 */
function choose(now, kind) {
  /** @type {HTMLInputElement | null} */
  const option = now.querySelector(`[name=decision][value="${kind}"]:enabled`);
  if (option) option.checked = true;
}

/**
 * @param {HTMLElement} shown
 * @param {HTMLElement} fresh
 */
function exchange(shown, fresh) {
  if (shown.contains(document.activeElement)) return; // the focus stays
  shown.innerHTML = fresh.innerHTML;
  window.htmx.process(shown);
}
