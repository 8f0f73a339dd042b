/** The decision form: a draft that is kept, what is missing said at once, and rows that grow. */

import { draftKeeper } from "./drafts.js";
import { appeared } from "./gestures.js";
import { lastQuestion } from "./question.js";
import { digits, say, words } from "./words.js";

export function decisionForm({ show, signedOut }) {
  let onTheWay = 0; // how many APVs were asked for that are not there yet
  let meant = null; // the verb that was pressed for one of them
  let focused = null; // where the caret was when the form was held
  const form = () => document.getElementById("decision-form");
  const text = () => document.getElementById("id_justification");
  const chosen = () => form()?.querySelector("[name=decision]:checked");
  const radioOf = (verb) => form()?.querySelector(`[name=decision][value="${verb}"]`);
  const isOver = () => "over" in (form()?.dataset ?? {});
  const question = lastQuestion({ hold, release, show, signedOut });

  // -- The draft -------------------------------------------------------------------------------

  const draft = draftKeeper({ form, read, fill });

  function read() {
    const fields = new FormData(form());
    return {
      decision: chosen()?.value ?? null, // also where it cannot be changed any more
      justification: fields.get("justification"),
      confidence: fields.get("confidence"),
      keys: fields.getAll("modifications-key"),
      values: fields.getAll("modifications-value"),
    };
  }

  function fill({ decision, justification, confidence, keys, values }) {
    check("decision", decision);
    check("confidence", confidence);
    text().value = justification;
    keys.forEach((name, at) => {
      const row = pairs()[at] ?? addRow();
      const [first, second] = row.querySelectorAll("input");
      first.value = name;
      second.value = values[at] ?? "";
    });
  }

  /** Choose what a draft names, if it can be chosen still. */
  function check(name, value) {
    const radios = form().querySelectorAll(`[name=${name}]:enabled`);
    const radio = [...radios].find((one) => one.value === value);
    if (radio) radio.checked = true;
  }

  // -- The fields ------------------------------------------------------------------------------

  const length = () => [...text().value.trim()].length;

  function showCount() {
    const count = document.getElementById("count");
    const missing = Math.max(0, Number(count.dataset.least) - length());
    const isShort = missing > 0 && length() > 0;
    count.classList.toggle("short", isShort);
    count.textContent = isShort
      ? say(words.tooShort, { count: missing })
      : say(words.characters, {
          count: digits(length()),
          most: digits(count.dataset.most),
        });
  }

  const pairs = () => [...form().querySelectorAll(".pair")];

  function addRow() {
    const row = pairs().at(-1).cloneNode(true);
    for (const input of row.querySelectorAll("input")) input.value = "";
    pairs().at(-1).after(row);
    return row;
  }

  function showVerb() {
    const verb = chosen();
    if (!verb) return;
    const button = form().querySelector(".primary");
    button.className = `primary ${verb.value}`;
    button.textContent = say(words.send, { verb: verb.dataset.label, code: form().dataset.draft });
  }

  // -- What is missing: said at its field, and no longer than it is ------------------------------

  const isMissing = {
    decision: () => !chosen(),
    justification: () => {
      const { least, most } = document.getElementById("count").dataset;
      return length() < Number(least) || length() > Number(most);
    },
    modifications: () =>
      chosen()?.value === "modify" &&
      ![...form().querySelectorAll("#field-modifications :is(input, textarea)")].some((one) =>
        one.value.trim(),
      ),
  };
  const fieldOf = (name) => document.getElementById(`field-${name}`);
  const inputOf = (name) => fieldOf(name).querySelector("input:enabled, textarea");

  /** Say what is missing and lead there; the server checks it all the same. */
  function complains() {
    const missing = Object.keys(isMissing).filter((name) => isMissing[name]());
    for (const name of missing) sayAt(name, words.missing[name]);
    if (missing.length) inputOf(missing[0]).focus();
    return missing.length > 0;
  }

  function sayAt(name, reason) {
    unsay(name);
    const list = document.createElement("ul");
    list.className = "errorlist";
    list.id = `id_${name}_error`;
    list.append(document.createElement("li"));
    list.firstChild.textContent = reason;
    fieldOf(name).querySelector("legend, output, label").after(list);
    inputOf(name).setAttribute("aria-invalid", "true");
    inputOf(name).setAttribute("aria-describedby", list.id);
  }

  function unsay(name) {
    fieldOf(name).querySelector(".errorlist")?.remove();
    for (const input of fieldOf(name).querySelectorAll("[aria-invalid]")) {
      input.removeAttribute("aria-invalid");
      input.removeAttribute("aria-describedby");
    }
    if (!form().querySelector(".errorlist")) document.querySelector("#decide .refused")?.remove();
  }

  function unsayWhatIsThere(target) {
    const name = target.closest("[id^=field-]")?.id.slice("field-".length);
    if (name && !isMissing[name]?.()) unsay(name);
  }

  // -- Which APV it is about ---------------------------------------------------------------------

  /** Another APV was asked for: nothing is decided any more on the one that is still shown. */
  function leave() {
    draft.saveNow();
    question.abandon();
    onTheWay++;
    document.getElementById("reading").inert = true;
  }

  /** It came; or it could not be read, and the one before is there to be decided on again. */
  function arrive(isShown) {
    onTheWay--;
    document.getElementById("reading").inert = onTheWay > 0;
    if (onTheWay) return;
    if (!isShown) stay();
    const verb = meant;
    meant = null;
    if (isShown && verb) choose(verb);
  }

  const isLeaving = () => onTheWay > 0;

  function stay() {
    if (document.activeElement?.closest("#list")) document.activeElement.blur(); // no other row
    release();
  }

  /** Whether a verb waits for its APV; what is typed next is no shortcut then. */
  const waits = () => meant !== null;

  /** Choose a verb from the keyboard, and go on where it is explained; says why it cannot be. */
  function choose(verb) {
    if (onTheWay) {
      meant = verb;
      return "";
    }
    const refused = whyNot(verb);
    if (refused) return refused;
    const radio = radioOf(verb);
    radio.checked = true;
    radio.dispatchEvent(new Event("change", { bubbles: true }));
    const wanted = verb === "modify" ? pairs()[0].querySelector("input") : text();
    wanted.focus();
    return "";
  }

  /** Begin a suggestion at a place of the patch; says why none can be made. */
  function suggest(place) {
    const refused = choose("modify");
    if (refused) return refused;
    const row = pairs().find((one) => !one.querySelector("input").value) ?? addRow();
    const [key, value] = row.querySelectorAll("input");
    key.value = place;
    key.dispatchEvent(new Event("input", { bubbles: true }));
    value.focus();
    return "";
  }

  function whyNot(verb) {
    if (!form()) return words.nothingToDecide;
    if (isOver()) return form().dataset.over;
    if (!question.isIdle()) return words.isAsked;
    const radio = radioOf(verb);
    if (!radio) return form().querySelector(`data[value="${verb}"]`).textContent;
    return radio.disabled ? radio.dataset.effect : "";
  }

  // -- Sending -----------------------------------------------------------------------------------

  function submitted(event) {
    if (event.target !== form()) return;
    event.preventDefault();
    document.getElementById("form-notice").hidden = true;
    if (isOver() || complains()) return;
    draft.saveNow();
    question.ask(form());
  }

  /** What is asked about stands still until it is answered. */
  function hold() {
    focused = document.activeElement;
    form().inert = true;
    form().setAttribute("aria-busy", "true");
  }

  function release() {
    if (!form()) return;
    form().inert = false;
    form().removeAttribute("aria-busy");
    focused?.focus({ preventScroll: true });
    focused = null;
  }

  /** It is not open any more: nothing can be chosen or sent; what was written stays. */
  function overtaken(text, reason = words.isOver) {
    if (!form() || question.isSending()) return; // its answer will tell
    question.overtaken(text);
    if (question.isIdle()) release();
    form().dataset.over = reason;
    for (const input of form().querySelectorAll("input[type=radio], button")) input.disabled = true;
    for (const input of form().querySelectorAll("input:not([type]), textarea"))
      input.readOnly = true;
  }

  /** It is not what the question showed any more; the form can be sent again. */
  function outdated(text) {
    if (!form()) return;
    question.overtaken(text);
    if (question.isIdle()) release();
  }

  /** Take over the form of an APV that was opened. */
  function adopt() {
    appeared("decide");
    start();
  }

  function start() {
    if (!form()) return;
    if (!("sent" in form().dataset)) draft.restore();
    showCount();
    showVerb();
    const refused = document.querySelector("#decide .refused");
    if (refused) draft.save();
    (
      form().querySelector("[aria-invalid=true], fieldset:has(.errorlist) input:enabled") ?? refused
    )?.focus();
  }

  document.addEventListener("input", (event) => {
    if (!form()?.contains(event.target)) return;
    draft.saveSoon();
    if (event.target === text()) showCount();
    unsayWhatIsThere(event.target);
    if (event.target.closest(".pair:last-of-type") && event.target.value) addRow();
  });
  document.addEventListener("change", (event) => {
    if (!form()?.contains(event.target)) return;
    draft.saveSoon();
    showVerb();
    unsayWhatIsThere(event.target);
  });
  document.addEventListener("drafted", () => {
    showCount();
    showVerb();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("#add-pair")) addRow().querySelector("input").focus();
  });
  document.addEventListener("keydown", (event) => {
    const sends = event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.repeat;
    if (!sends || !form()?.contains(event.target)) return;
    event.preventDefault();
    form().requestSubmit();
  });
  document.addEventListener("submit", submitted);
  start();

  return {
    adopt,
    arrive,
    choose,
    forgetDraft: draft.forget,
    isLeaving,
    isSending: question.isSending,
    leave,
    outdated,
    overtaken,
    suggest,
    waits,
  };
}
