/**
 * Drafts of decisions: kept in this browser, one for each user and APV, until they are sent.
 *
 * Several tabs may show the same APV. Only typed text is saved, so that the newest text wins; the
 * other tabs copy it.
 */

import { byId, targetOf } from "./dom.js";
import { watch, words } from "./words.js";

const KEPT_MS = 14 * 24 * 3600 * 1000; // older drafts are forgotten
const SAVE_MS = 250;

/** How the names of drafts begin. */
export const DRAFTS = "hitl-draft:";

/**
 * @typedef {object} Draft
 * @property {string | null} decision
 * @property {string} justification
 * @property {string | null} confidence
 * @property {string[]} keys of the modifications
 * @property {string[]} values
 */

/** @typedef {Draft & { at: number }} KeptDraft when it was saved, in milliseconds since 1970 */

/**
 * Keep the draft of the form that is open.
 *
 * @param {object} options
 * @param {() => HTMLFormElement | null} options.form
 * @param {(form: HTMLFormElement) => Draft} options.read the fields of a form
 * @param {(draft: Draft) => void} options.fill
 */
export function draftKeeper({ form, read, fill }) {
  /** @type {number | undefined} The timer, while what was typed last is not in the draft yet. */
  let saving;
  /** @type {HTMLFormElement | null} Where it was typed: another form may have taken its place. */
  let typedIn = null;
  /** @param {string | undefined} code */
  const keyOf = (code) => `${DRAFTS}${watch.user}:${code}`;
  const key = () => keyOf(form()?.dataset.draft);

  function save(from = form()) {
    stopSaving();
    if (!from) return;
    const draft = { at: Date.now(), ...read(from) };
    const place = keyOf(from.dataset.draft);
    if (isEmpty(draft)) localStorage.removeItem(place);
    else localStorage.setItem(place, JSON.stringify(draft));
    if (from === form()) showKept(!isEmpty(draft));
  }

  function saveSoon() {
    stopSaving();
    typedIn = form();
    saving = setTimeout(saveNow, SAVE_MS);
  }

  /** Save what was typed last, if it is not in the draft yet. */
  function saveNow() {
    if (saving) save(typedIn);
  }

  function stopSaving() {
    clearTimeout(saving);
    saving = undefined;
    typedIn = null;
  }

  function restore() {
    saveNow(); // what was typed until this form replaced its predecessor
    /** @type {KeptDraft | null} */
    const draft = JSON.parse(localStorage.getItem(key()) ?? "null");
    if (!draft) return;
    fill(draft);
    showKept(true);
  }

  /** @param {string} code */
  function forget(code) {
    stopSaving();
    localStorage.removeItem(keyOf(code));
  }

  /**
   * Another tab saved a draft, which is newer than this one unless the reader types here.
   *
   * @param {StorageEvent} event
   */
  function follow({ key: changed, newValue }) {
    if (!form() || saving || changed !== key()) return;
    if (newValue) fill(JSON.parse(newValue));
    showKept(Boolean(newValue));
    form()?.dispatchEvent(new CustomEvent("drafted", { bubbles: true }));
  }

  addEventListener("pagehide", saveNow);
  addEventListener("storage", follow);
  document.addEventListener("submit", (event) => {
    if (targetOf(event)?.id === "sign-out") forgetAll();
  });
  forgetAll(({ at }) => Date.now() - at > KEPT_MS);

  return { save, saveSoon, saveNow, restore, forget };
}

/** @param {Draft} draft */
const isEmpty = ({ decision, justification, keys }) =>
  !decision && !justification && !keys.some(Boolean);

/** @param {boolean} isKept */
function showKept(isKept) {
  byId("draft-note").textContent = isKept ? `${words.draftKept}.` : "";
}

/** @param {(draft: KeptDraft) => boolean} [which] */
function forgetAll(which = () => true) {
  for (const name of Object.keys(localStorage)) {
    if (name.startsWith(DRAFTS) && which(JSON.parse(localStorage.getItem(name) ?? "{}"))) {
      localStorage.removeItem(name);
    }
  }
}
