/**
 * Sending a decision. Where something is to know before it, the server asks a last question, and
 * seals what it shows; what is sent then is what it shows, so that nothing that happens to the form
 * can change what was confirmed. Otherwise it records the form at once.
 */

import { all, byId, one } from "./dom.js";
import { appeared } from "./gestures.js";
import { say, toast, words } from "./words.js";

const ANSWER_MS = 20_000;
const PAUSE_MS = 1_000; // after the last letter, the reader has stopped typing
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
 * @param {() => void} options.answered is called after each answer of the server
 */
export function lastQuestion({ hold, release, show, signedOut, answered }) {
  /** @type {"idle" | "asking" | "open" | "sending"} */
  let state = "idle";
  let turn = 0; // an answer to an abandoned question is dropped
  /** @type {(() => void) | undefined} What others did, to show beside the question that comes. */
  let deferred;
  let typedAt = -Infinity; // when a letter was typed that no field takes
  /** @type {HTMLDialogElement} */
  const dialog = byId("confirm");
  /** @returns {HTMLFormElement} */
  const question = () => one(dialog, "form");

  // -- Asking ----------------------------------------------------------------------------------

  /**
   * Send the fields of the form.
   *
   * @param {HTMLFormElement} form
   * @param {FormData} fields
   */
  async function ask(form, fields) {
    if (state !== "idle") return;
    const mine = ++turn;
    const { draft: code = "" } = form.dataset;
    enter("asking");
    hold();
    const answer = await post(form, fields);
    if (mine !== turn) tellLater(answer, code);
    else if (isQuestion(answer)) open(answer.text ?? "");
    else finish(answer);
    answered();
  }

  /**
   * Send the fields of a form whose APV the reader has left.
   *
   * @param {HTMLFormElement} form
   * @param {FormData} fields
   */
  async function askAbsent(form, fields) {
    tellLater(await post(form, fields), form.dataset.draft ?? "");
  }

  /**
   * Tell what became of a decision whose APV the reader has left.
   *
   * @param {Answer} answer
   * @param {string} code
   */
  function tellLater(answer, code) {
    if (answer.decided) tell(answer.decided);
    else if (isQuestion(answer)) toast(say(words.notYetDecided, { code }));
    else toast(`${code}: ${reason(answer)}`);
  }

  /** @param {Answer} answer */
  const isQuestion = ({ text }) => text?.includes(PARTS.question);

  /** @param {string} text */
  function open(text) {
    const part = new DOMParser().parseFromString(text, "text/html");
    dialog.replaceChildren(document.adoptNode(one(part, "#question")));
    enter("open");
    dialog.showModal();
    appeared();
    deferred?.();
    deferred = undefined;
  }

  // -- Answering -------------------------------------------------------------------------------

  async function answer() {
    if (state !== "open") return;
    const mine = ++turn;
    enter("sending");
    const { code = "" } = question().dataset;
    const told = await post(question(), new FormData(question()));
    if (mine === turn) finish(told);
    else tellLater(told, code);
    answered();
  }

  /**
   * Show the server's answer; if it is not usable, the draft and the question stay.
   *
   * @param {Answer} answer
   */
  function finish(answer) {
    deferred = undefined; // the answer is newer
    if (answer.status === 401) signedOut();
    if (answer.part) {
      close();
      show(answer.part);
      if (answer.decided) tell(answer.decided);
    } else if (state === "sending") {
      enter("open");
      complain("confirm-notice", reason(answer), answer.status);
    } else {
      leave();
      complain("form-notice", reason(answer), answer.status);
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

  // -- Keys ------------------------------------------------------------------------------------

  /** @param {KeyboardEvent} event */
  function noteLetter({ key, timeStamp }) {
    const isText = key.length === 1 && (key !== " " || state === "asking");
    if (isText && state !== "idle") typedAt = timeStamp;
  }

  /**
   * Whether a key belongs to a text that the reader types, who expected the next APV and no
   * question: its spaces must not press the button that has the focus.
   *
   * @param {KeyboardEvent} event
   */
  const isTyping = ({ key, timeStamp }) =>
    [" ", "Enter"].includes(key) && timeStamp - typedAt < PAUSE_MS;

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
    if (isHeld || (isChord && event.key === "Enter") || isBusy || isTyping(event)) {
      event.preventDefault();
    }
  });
  dialog.addEventListener("keyup", (event) => {
    if (isTyping(event)) event.preventDefault(); // some browsers press a button only now
  });

  document.addEventListener("keydown", noteLetter, true);
  dialog.addEventListener("close", () => {
    if (state === "open") leave(); // in a way that cannot be prevented
  });

  return {
    ask,
    askAbsent,
    abandon,
    overtaken,
    isIdle: () => state === "idle",
    /** Whether something is on its way that may be recorded. */
    isSending: () => state === "asking" || state === "sending",
    /**
     * While something is on its way, keep what others did until a question comes; any other answer
     * tells by itself.
     *
     * @param {() => void} act
     */
    defers(act) {
      if (state !== "asking") return false;
      deferred = act;
      return true;
    },
  };
}

// -- The server ----------------------------------------------------------------------------------

/**
 * @param {HTMLFormElement} form
 * @param {FormData} fields
 * @returns {Promise<Answer>}
 */
async function post(form, fields) {
  /** @type {HTMLInputElement | null} */
  const token = document.querySelector("#decide [name=csrfmiddlewaretoken]");
  if (token) fields.set("csrfmiddlewaretoken", token.value); // it may be renewed since
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
 */
function reason({ status, seconds }) {
  const kind = kindOf(status);
  const isUnsure = ["5xx", "lost", "timeout"].includes(kind);
  const next = isUnsure ? `${words.sendAgain} ${words.draftStays}` : words.draftStays;
  return `${say(words.refusals[kind], { count: seconds, status })} ${next}`;
}

/**
 * The name of the sentence on a refusal.
 *
 * @param {Answer["status"]} status
 */
function kindOf(status) {
  if (Number(status) >= 500) return "5xx";
  const name = String(status === "network" && navigator.onLine ? "lost" : status);
  return name in words.refusals ? name : "other";
}
