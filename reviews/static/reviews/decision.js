/** The decision form: a draft that is kept, a live count, rows that grow, and a last question. */

import { draftKeeper } from "./drafts.js";
import { capitalised, say, words } from "./words.js";

export function decisionForm() {
  let onTheWay = 0; // how many APVs were asked for that are not there yet
  let meant = null; // the verb that was pressed for one of them
  const form = () => document.getElementById("decision-form");
  const text = () => document.getElementById("id_justification");
  const chosen = () => form()?.querySelector("[name=decision]:checked");

  // -- The draft -------------------------------------------------------------------------------

  const draft = draftKeeper({ form, read, fill });

  function read() {
    const fields = new FormData(form());
    return {
      decision: fields.get("decision"),
      justification: fields.get("justification"),
      confidence: fields.get("confidence"),
      keys: fields.getAll("modifications-key"),
      values: fields.getAll("modifications-value"),
    };
  }

  function fill({ decision, justification, confidence, keys, values }) {
    const radio = form().querySelector(`[name=decision][value="${decision}"]:enabled`);
    if (radio) radio.checked = true;
    text().value = justification;
    document.getElementById("id_confidence").value = confidence;
    keys.forEach((name, at) => {
      const row = pairs()[at] ?? addRow();
      const [first, second] = row.querySelectorAll("input");
      first.value = name;
      second.value = values[at] ?? "";
    });
  }

  // -- The fields ------------------------------------------------------------------------------

  function showCount() {
    const { least, most } = document.getElementById("count").dataset;
    const length = [...text().value.trim()].length;
    const missing = Math.max(0, Number(least) - length);
    const count = document.getElementById("count");
    count.classList.toggle("short", missing > 0 && length > 0);
    count.textContent =
      missing > 0 && length > 0
        ? say(words.tooShort, { count: missing })
        : say(words.characters, { count: length.toLocaleString(), most: Number(most).toLocaleString() });
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
    const { draft: code } = form().dataset;
    form().querySelector(".primary").textContent = say(words.send, {
      verb: verb.dataset.label,
      code,
    });
  }

  /** Another APV was asked for: nothing is decided any more on the one that is still shown. */
  function leave() {
    draft.saveNow();
    onTheWay++;
    document.getElementById("reading").inert = true;
  }

  /** It came; or it could not be read, and the one before is there to be decided on again. */
  function arrive(isShown) {
    onTheWay--;
    document.getElementById("reading").inert = onTheWay > 0;
    if (onTheWay) return;
    const verb = meant;
    meant = null;
    if (isShown && verb) choose(verb);
  }

  /** Whether a verb waits for its APV; what is typed next is no shortcut then. */
  const waits = () => meant !== null;

  /** Choose a verb from the keyboard, and go on where it is explained. */
  function choose(verb) {
    if (onTheWay) {
      meant = verb;
      return;
    }
    const radio = form()?.querySelector(`[name=decision][value="${verb}"]`);
    if (!radio || radio.disabled) return;
    radio.checked = true;
    radio.dispatchEvent(new Event("change", { bubbles: true }));
    const wanted = verb === "modify" ? pairs()[0].querySelector("input") : text();
    wanted.focus();
  }

  // -- Sending ---------------------------------------------------------------------------------

  /** Ask before a decision is sent, with what it is about and what it does. */
  function confirm(event) {
    if (event.target !== form()) return;
    const verb = chosen();
    if (!verb || [...text().value.trim()].length < 10) return; // the server says what is missing
    event.preventDefault();
    ask(verb).then((sent) => {
      if (sent) event.detail.issueRequest(true);
    });
  }

  function ask(verb) {
    const dialog = document.getElementById("confirm");
    const { code, severity, package: name } = document.getElementById("reading").dataset;
    const sentence = say(words.send, { verb: verb.dataset.label, code });
    const badge = dialog.querySelector(".badge");
    badge.className = `badge ${severity.toLowerCase()}`;
    badge.textContent = capitalised(words.severities[severity]);
    dialog.querySelector("#confirm-title").textContent = `${sentence}?`;
    dialog.querySelector(".package").textContent = name;
    dialog.querySelector("#confirm-effect").textContent = `${verb.dataset.effect}.`;
    dialog.querySelector(".primary").textContent = sentence;
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => resolve(dialog.returnValue === "send"), { once: true });
    });
  }

  function failed() {
    const notice = document.getElementById("form-notice");
    if (!notice) return;
    notice.textContent = words.notSent;
    notice.hidden = false;
  }

  function adopt() {
    if (!form()) return;
    if (!("sent" in form().dataset)) draft.restore();
    showCount();
    showVerb();
    const refused = document.querySelector("#decide .refused");
    if (refused) draft.save();
    refused?.focus();
  }

  document.addEventListener("input", (event) => {
    if (!form()?.contains(event.target)) return;
    draft.saveSoon();
    if (event.target === text()) showCount();
    if (event.target.closest(".pair:last-of-type") && event.target.value) addRow();
  });
  document.addEventListener("change", (event) => {
    if (!form()?.contains(event.target)) return;
    draft.saveSoon();
    showVerb();
  });
  document.addEventListener("drafted", () => {
    showCount();
    showVerb();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("#add-pair")) addRow().querySelector("input").focus();
  });
  document.addEventListener("keydown", (event) => {
    const sends = event.key === "Enter" && (event.ctrlKey || event.metaKey);
    if (sends && form()?.contains(event.target)) {
      event.preventDefault(); // or the same key goes on to the button that the question focuses
      form().requestSubmit();
    }
    const isHeld = event.repeat && event.target.closest("#confirm");
    if (isHeld) event.preventDefault(); // the question wants an answer of its own
  });
  document.addEventListener("htmx:confirm", confirm);
  for (const trouble of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(trouble, failed);
  }
  adopt();

  return { adopt, arrive, choose, forgetDraft: draft.forget, leave, waits };
}
