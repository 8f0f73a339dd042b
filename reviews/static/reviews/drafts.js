/**
 * Drafts of decisions: kept in this browser, one for each user and APV, until they are sent.
 *
 * Several tabs may show the same APV. Only what was typed is saved, so that the newest text wins; the
 * other tabs take it over.
 */

import { watch, words } from "./words.js";

const KEPT_MS = 14 * 24 * 3600 * 1000; // older drafts are forgotten
const SAVE_MS = 250;
const PREFIX = "hitl-draft:";

/**
 * Keep the draft of the form that is open.
 *
 * `form` returns the form, or null; `read` its fields as a draft, `fill` writes a draft into them.
 */
export function draftKeeper({ form, read, fill }) {
  let saving = null; // the timer, while what was typed last is not in the draft yet
  const keyOf = (code) => `${PREFIX}${watch.user}:${code}`;
  const key = () => keyOf(form().dataset.draft);

  function save() {
    stopSaving();
    if (!form()) return;
    const draft = { at: Date.now(), ...read() };
    if (isEmpty(draft)) localStorage.removeItem(key());
    else localStorage.setItem(key(), JSON.stringify(draft));
    showKept(!isEmpty(draft));
  }

  function saveSoon() {
    stopSaving();
    saving = setTimeout(save, SAVE_MS);
  }

  /** Save what was typed last, if it is not in the draft yet. */
  function saveNow() {
    if (saving) save();
  }

  function stopSaving() {
    clearTimeout(saving);
    saving = null;
  }

  function restore() {
    const draft = JSON.parse(localStorage.getItem(key()) ?? "null");
    if (!draft) return;
    fill(draft);
    showKept(true);
  }

  function forget(code) {
    stopSaving();
    localStorage.removeItem(keyOf(code));
  }

  /** Another tab saved a draft: it is newer than what stands here, unless this tab is typed in. */
  function follow({ key: changed, newValue }) {
    if (!form() || saving || changed !== key()) return;
    if (newValue) fill(JSON.parse(newValue));
    showKept(Boolean(newValue));
    form().dispatchEvent(new CustomEvent("drafted", { bubbles: true }));
  }

  addEventListener("pagehide", saveNow);
  addEventListener("storage", follow);
  document.addEventListener("submit", (event) => {
    if (event.target.id === "sign-out") forgetAll();
  });
  forgetAll(({ at }) => Date.now() - at > KEPT_MS);

  return { save, saveSoon, saveNow, restore, forget };
}

const isEmpty = ({ decision, justification, keys }) =>
  !decision && !justification && !keys.some(Boolean);

function showKept(isKept) {
  document.getElementById("draft-note").textContent = isKept ? `${words.draftKept}.` : "";
}

function forgetAll(which = () => true) {
  for (const name of Object.keys(localStorage)) {
    if (name.startsWith(PREFIX) && which(JSON.parse(localStorage.getItem(name)))) {
      localStorage.removeItem(name);
    }
  }
}
