/** The decision: its APV, what can be chosen, and how it is sent. */

import { typedAhead } from "./ahead.js";
import {
  addRow,
  fill,
  form,
  inputsOf,
  openForm,
  pairs,
  radioOf,
  read,
  showChosen,
  showCount,
  takesModifications,
  text,
} from "./decision/form.js";
import { all, byId, one, targetOf } from "./dom.js";
import { draftKeeper } from "./drafts.js";
import { appeared } from "./gestures.js";
import { once } from "./once.js";
import { toast, watch, words } from "./words.js";

/**
 * @param {object} options
 * @param {(part: string) => void} options.show swaps the APV for the server's answer
 * @param {() => void} options.signedOut is called when the session has ended
 */
export function decisionForm({ show, signedOut }) {
  let onTheWay = 0; // how many requested APVs have not arrived
  /** @type {string | null} The kind of decision whose key was pressed for one of them. */
  let meant = null;
  const ahead = typedAhead(); // after that key, for its justification
  /** @type {HTMLElement | null} The focus when the form was disabled. */
  let focused = null;
  const isOver = () => "over" in (form()?.dataset ?? {});
  const draft = draftKeeper({ form, read, fill });

  // -- What sends it, loaded once somebody begins to decide --------------------------------------

  /** @type {ReturnType<typeof import("./question.js").lastQuestion> | undefined} */
  let question;
  /** @type {typeof import("./decision/missing.js") | undefined} */
  let missing;
  let isLoading = false; // the form was sent before that

  const load = once(async () => {
    const [{ lastQuestion }, checks] = await Promise.all([
      import("./question.js"),
      import("./decision/missing.js"),
    ]);
    missing = checks;
    question = lastQuestion({ hold, release, show, signedOut, answered });
  });

  const isIdle = () => question?.isIdle() ?? true;
  const isSending = () => isLoading || (question?.isSending() ?? false);

  // -- Which APV it is about ---------------------------------------------------------------------

  /** Another APV was requested: the one still shown can no longer be decided. */
  function leave() {
    draft.saveNow();
    question?.abandon();
    isLoading = false;
    onTheWay++;
    byId("reading").inert = true;
  }

  /**
   * It arrived; or it could not be read, and the previous one can be decided again.
   *
   * @param {boolean} isShown
   */
  function arrive(isShown) {
    onTheWay--;
    byId("reading").inert = onTheWay > 0;
    if (onTheWay) return;
    if (!isShown) stay();
    if (isShown && meant) take(meant);
    forget();
  }

  /**
   * Choose what was meant for the APV that arrived, with what was typed meanwhile.
   *
   * @param {string} kind
   */
  function take(kind) {
    const refused = choose(kind);
    if (refused) document.dispatchEvent(new CustomEvent("refused", { detail: refused }));
    else ahead.writeIn(text());
  }

  function forget() {
    meant = null;
    ahead.forget();
  }

  /** An answer came: unless another APV is on its way, no key was meant for one. */
  function answered() {
    if (!onTheWay) forget();
  }

  /** Whether keys are about an APV that comes: another one was requested, or will be. */
  const isLeaving = () => onTheWay > 0 || isSending();

  function stay() {
    const row = document.activeElement?.closest("#list");
    if (row) /** @type {HTMLElement} */ (document.activeElement).blur(); // no other row
    release();
  }

  /** Whether a kind of decision waits for its APV; keys typed next are then not shortcuts. */
  const waits = () => meant !== null;

  /**
   * Keep a key that was typed while it waits.
   *
   * @param {KeyboardEvent} event
   */
  function hear(event) {
    ahead.hear(event);
    if (event.key === "Escape") forget();
  }

  // -- Choosing ----------------------------------------------------------------------------------

  /**
   * Choose a kind of decision from the keyboard, and focus its justification.
   *
   * @param {string} kind
   * @returns {string} why it cannot be chosen, or ""
   */
  function choose(kind) {
    if (isLeaving()) {
      meant ??= kind;
      return "";
    }
    const radio = radioOf(kind);
    const refused = whyNot(kind, radio);
    if (refused || !radio) return refused;
    radio.checked = true;
    radio.dispatchEvent(new Event("change", { bubbles: true }));
    const wanted = takesModifications()
      ? inputsOf(/** @type {HTMLElement} */ (pairs()[0]))[0]
      : text();
    wanted.focus();
    return "";
  }

  /**
   * Begin a suggestion at a place of the patch.
   *
   * @param {string} place as `file:line`
   * @returns {string} why none can be made, or ""
   */
  function suggest(place) {
    const refused = choose(modifying());
    if (refused) return refused;
    const row = pairs().find((pair) => !inputsOf(pair)[0].value) ?? addRow();
    const [key, value] = inputsOf(row);
    key.value = place;
    key.dispatchEvent(new Event("input", { bubbles: true }));
    value.focus();
    return "";
  }

  /** The kind of decision that asks for modifications. */
  function modifying() {
    const [kind] = Object.entries(watch.kinds).find(([, { modifies }]) => modifies) ?? [""];
    return kind;
  }

  /**
   * @param {string} kind
   * @param {HTMLInputElement | null | undefined} radio
   */
  function whyNot(kind, radio) {
    if (!form()) return words.nothingToDecide;
    if (isOver()) return openForm().dataset.over ?? "";
    if (!isIdle()) return words.isAsked;
    if (!radio) return one(openForm(), `data[value="${kind}"]`).textContent ?? "";
    return radio.disabled ? (radio.dataset.effect ?? "") : "";
  }

  // -- Sending -----------------------------------------------------------------------------------

  /** @param {SubmitEvent} event */
  function submitted(event) {
    if (!form() || event.target !== form()) return;
    event.preventDefault();
    byId("form-notice").hidden = true;
    const sent = openForm();
    const fields = new FormData(sent); // as it is shown now
    if (question) send(sent, fields);
    else {
      isLoading = true;
      hold();
      load().then(
        () => sendLate(sent, fields),
        () => notLoaded(sent),
      );
    }
  }

  /**
   * @param {HTMLFormElement} sent
   * @param {FormData} fields
   */
  function sendLate(sent, fields) {
    if (form() !== sent) {
      question?.askAbsent(sent, fields);
      return;
    }
    isLoading = false;
    release();
    send(sent, fields);
    if (isIdle()) forget();
  }

  /**
   * @param {HTMLFormElement} sent
   * @param {FormData} fields
   */
  function send(sent, fields) {
    if (isOver() || missing?.complains()) return;
    draft.saveNow();
    question?.ask(sent, fields);
  }

  /** @param {HTMLFormElement} sent */
  function notLoaded(sent) {
    const reason = `${words.refusals.network} ${words.draftStays}`;
    if (form() !== sent) {
      toast(`${sent.dataset.draft}: ${reason}`);
      return;
    }
    isLoading = false;
    forget();
    release();
    const notice = byId("form-notice");
    notice.textContent = reason;
    notice.hidden = false;
  }

  /** Freeze the form until the question is answered. */
  function hold() {
    focused = /** @type {HTMLElement | null} */ (document.activeElement);
    focused?.blur(); // at once, so that no key is taken for its text
    openForm().inert = true;
    openForm().setAttribute("aria-busy", "true");
  }

  function release() {
    const held = form();
    if (!held) return;
    held.inert = false;
    held.removeAttribute("aria-busy");
    focused?.focus({ preventScroll: true });
    focused = null;
  }

  /**
   * The APV is no longer open: nothing can be chosen or sent; the text stays.
   *
   * @param {string} said
   * @param {string} [reason] why no key can choose
   */
  function overtaken(said, reason = words.isOver) {
    const over = form();
    if (!over || isSending()) return; // its answer will tell
    question?.overtaken(said);
    if (isIdle()) release();
    over.dataset.over = reason;
    /** @type {(HTMLInputElement | HTMLButtonElement)[]} */
    const choices = all(over, "input[type=radio], button");
    for (const choice of choices) choice.disabled = true;
    /** @type {(HTMLInputElement | HTMLTextAreaElement)[]} */
    const texts = all(over, "input:not([type]), textarea");
    for (const input of texts) input.readOnly = true;
  }

  /**
   * The APV differs from what the question showed; the form can be sent again.
   *
   * @param {string} said
   */
  function outdated(said) {
    if (!form()) return;
    question?.overtaken(said);
    if (isIdle()) release();
  }

  // -- The form ----------------------------------------------------------------------------------

  /** Take over the form of an APV that was opened. */
  function adopt() {
    appeared("decide");
    start();
  }

  function start() {
    if (!form()) return;
    if (!("sent" in openForm().dataset)) draft.restore();
    showCount();
    showChosen();
    const [refused] = all(document, "#decide .refused");
    if (refused) draft.save();
    const [wrong] = all(openForm(), "[aria-invalid=true], fieldset:has(.errorlist) input:enabled");
    (wrong ?? refused)?.focus();
  }

  /**
   * What an event happened to, if that is in the form.
   *
   * @param {Event} event
   */
  function inForm(event) {
    const target = targetOf(event);
    return target && form()?.contains(target) ? target : null;
  }

  /** @param {Event} event */
  function typed(event) {
    const target = /** @type {HTMLInputElement | null} */ (inForm(event));
    if (!target) return;
    draft.saveSoon();
    if (target.id === text().id) showCount();
    missing?.unsayWhatIsThere(target);
    if (target.closest(".pair:last-of-type") && target.value) addRow();
  }

  /** @param {Event} event */
  function changed(event) {
    const target = inForm(event);
    if (!target) return;
    draft.saveSoon();
    showChosen();
    missing?.unsayWhatIsThere(target);
  }

  /** @param {Event} event */
  function begun(event) {
    if (inForm(event)) load().catch(() => {}); // sending says it
  }

  /** @param {KeyboardEvent} event */
  function pressed(event) {
    const sends = event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.repeat;
    if (!sends || !inForm(event)) return;
    event.preventDefault();
    openForm().requestSubmit();
  }

  document.addEventListener("input", typed);
  document.addEventListener("change", changed);
  document.addEventListener("change", begun);
  document.addEventListener("focusin", begun);
  document.addEventListener("drafted", () => {
    showCount();
    showChosen();
  });
  document.addEventListener("click", (event) => {
    if (targetOf(event)?.closest("#add-pair")) inputsOf(addRow())[0].focus();
  });
  document.addEventListener("keydown", pressed);
  document.addEventListener("submit", submitted);
  start();

  return {
    adopt,
    arrive,
    choose,
    /** @param {() => void} act what others did while the decision is on its way */
    defers: (act) => question?.defers(act) ?? false,
    forgetDraft: draft.forget,
    hear,
    isLeaving,
    isSending,
    leave,
    outdated,
    overtaken,
    suggest,
    waits,
  };
}
