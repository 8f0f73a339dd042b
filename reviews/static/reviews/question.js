/**
 * The last question before a decision. The server asks it and seals what it shows; what is sent
 * is what it shows, so that nothing that happens to the form can change what was confirmed.
 */

import { all, byId, one } from "./dom.js";
import { appeared } from "./gestures.js";
import { say, toast, words } from "./words.js";

const ANSWER_MS = 20_000;
const PARTS = { question: 'id="question"', reading: 'id="reading"', page: "<html" };

/**
 * @typedef {object} Answer of the server, or that it gave none
 * @property {number | "timeout" | "network"} status
 * @property {number} [seconds] to wait before the next attempt
 * @property {string} [text]
 * @property {string | null} [part] the APV as it is now
 * @property {Recorded | null} [decided]
 */

/**
 * @param {object} options
 * @param {() => void} options.hold freezes the form
 * @param {() => void} options.release gives it back
 * @param {(part: string) => void} options.show swaps the APV for the server's answer
 * @param {() => void} options.signedOut is called when the session has ended
 */
export function lastQuestion({ hold, release, show, signedOut }) {
  /** @type {"idle" | "asking" | "open" | "sending"} */
  let state = "idle";
  let turn = 0; // an answer to an abandoned question is dropped
  /** @type {HTMLDialogElement} */
  const dialog = byId("confirm");
  /** @returns {HTMLFormElement} */
  const question = () => one(dialog, "form");

  // -- Asking ----------------------------------------------------------------------------------

  /**
   * Ask about the current contents of `form`.
   *
   * @param {HTMLFormElement} form
   */
  async function ask(form) {
    if (state !== "idle") return;
    const mine = ++turn;
    const fields = new FormData(form);
    enter("asking");
    hold();
    const answer = await post(form, fields);
    if (mine !== turn) return; // another APV was opened meanwhile
    if (answer.text?.includes(PARTS.question)) open(answer.text);
    else finish(answer);
  }

  /** @param {string} text */
  function open(text) {
    const part = new DOMParser().parseFromString(text, "text/html");
    dialog.replaceChildren(document.adoptNode(one(part, "#question")));
    enter("open");
    dialog.showModal();
    appeared();
  }

  // -- Answering -------------------------------------------------------------------------------

  async function answer() {
    if (state !== "open") return;
    const mine = ++turn;
    enter("sending");
    const told = await post(question(), new FormData(question()));
    if (mine === turn) finish(told);
    else if (told.decided)
      tell(told.decided); // the reader has left its APV: only report the result
    else toast(reason(told, true));
  }

  /**
   * Show the server's answer; if it is not usable, the draft and the question stay.
   *
   * @param {Answer} answer
   */
  function finish(answer) {
    if (answer.status === 401) signedOut();
    if (answer.part) {
      close();
      show(answer.part);
      if (answer.decided) tell(answer.decided);
    } else if (state === "sending") {
      enter("open");
      complain("confirm-notice", reason(answer, true), answer.status);
    } else {
      leave();
      complain("form-notice", reason(answer, false), answer.status);
    }
  }

  /** @param {Recorded} decided */
  function tell(decided) {
    document.dispatchEvent(new CustomEvent("decided", { detail: decided }));
  }

  /**
   * @param {string} id of the notice
   * @param {string} text
   * @param {Answer["status"]} status
   */
  function complain(id, text, status) {
    const notice = document.getElementById(id);
    if (!notice) return;
    notice.textContent = `${text} `;
    if (dialog.open && (status === 401 || status === 403)) notice.append(signIn());
    notice.hidden = false;
  }

  const signIn = () => one(document, "#signed-out a").cloneNode(true);

  // -- States ----------------------------------------------------------------------------------

  /** @param {typeof state} next */
  function enter(next) {
    state = next;
    dialog.dataset.state = next;
    for (const button of buttons()) button.disabled = next !== "open";
    if (next === "open") primary()?.focus();
  }

  /** @returns {HTMLButtonElement[]} */
  const buttons = () => all(dialog, "button");
  const primary = () => buttons().find((button) => button.matches(".primary"));

  function close() {
    enter("idle");
    if (dialog.open) dialog.close();
    dialog.replaceChildren();
    appeared();
  }

  /** Go back to the form. */
  function leave() {
    close();
    release();
  }

  /** Another APV is opened, so drop the question about this one; a sent decision stays sent. */
  function abandon() {
    if (state === "idle") return;
    turn++;
    close();
  }

  /**
   * Others decided, closed or changed the APV, so the question can no longer be confirmed.
   *
   * @param {string} text
   */
  function overtaken(text) {
    if (state === "asking") abandon();
    if (state !== "open") return;
    const notice = one(dialog, "#confirm-notice");
    notice.textContent = text;
    notice.hidden = false;
    for (const button of buttons()) if (button.matches(".primary")) button.disabled = true;
    one(dialog, "[name=back]").focus();
  }

  dialog.addEventListener("submit", (event) => {
    event.preventDefault();
    if (event.submitter?.getAttribute("name") === "back") leave();
    else answer();
  });
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    if (state === "open") leave();
  });
  dialog.addEventListener("keydown", (event) => {
    const isHeld = event.repeat && event.key !== "Tab";
    const isChord = event.ctrlKey || event.metaKey; // the one that asked the question
    const isBusy = event.key === "Escape" && state === "sending";
    if (isHeld || (isChord && event.key === "Enter") || isBusy) event.preventDefault();
  });
  dialog.addEventListener("close", () => {
    if (state === "open") leave(); // in a way that cannot be prevented
  });

  return {
    ask,
    abandon,
    overtaken,
    isIdle: () => state === "idle",
    isSending: () => state === "sending",
  };
}

// -- The server ----------------------------------------------------------------------------------

/**
 * @param {HTMLFormElement} form
 * @param {FormData} fields
 * @returns {Promise<Answer>}
 */
async function post(form, fields) {
  /** @type {HTMLInputElement} */
  const token = one(document, "#decide [name=csrfmiddlewaretoken]");
  fields.set("csrfmiddlewaretoken", token.value);
  try {
    return await read(
      await fetch(form.getAttribute("action") ?? "", {
        method: "POST",
        body: fields,
        redirect: "manual", // it leads to the sign-in page
        headers: { "HX-Request": "true", "HX-Current-URL": location.href },
        signal: AbortSignal.timeout(ANSWER_MS),
      }),
    );
  } catch (error) {
    const isLate = error instanceof DOMException && error.name === "TimeoutError";
    return { status: isLate ? "timeout" : "network" };
  }
}

/**
 * @param {Response} answer
 * @returns {Promise<Answer>}
 */
async function read(answer) {
  if (answer.type === "opaqueredirect") return { status: 401 };
  const text = await answer.text();
  const isPart = text.includes(PARTS.reading) && !text.includes(PARTS.page);
  const triggered = answer.headers.get("HX-Trigger-After-Swap");
  return {
    status: answer.status,
    seconds: Number(answer.headers.get("Retry-After")) || 1,
    text,
    part: isPart ? text : null,
    decided: triggered ? JSON.parse(triggered).decided : null,
  };
}

/**
 * What went wrong and what to do; a decision whose answer was lost may be recorded.
 *
 * @param {Answer} answer
 * @param {boolean} wasSent whether the decision itself was sent
 */
function reason({ status, seconds }, wasSent) {
  const kind = kindOf(status, wasSent);
  const isUnsure = wasSent && ["5xx", "lost", "timeout"].includes(kind);
  const next = isUnsure ? words.sendAgain : words.draftStays;
  return `${say(words.refusals[kind], { count: seconds, status })} ${next}`;
}

/**
 * The name of the sentence on a refusal.
 *
 * @param {Answer["status"]} status
 * @param {boolean} wasSent
 */
function kindOf(status, wasSent) {
  if (Number(status) >= 500) return "5xx";
  const lost = String(status === "network" && wasSent ? "lost" : status);
  return lost in words.refusals ? lost : "other";
}
