/**
 * The last question before a decision. The server asks it and seals what it shows; what is sent
 * is what stands in it, so that nothing that happens to the form can change what was confirmed.
 */

import { appeared } from "./gestures.js";
import { say, toast, words } from "./words.js";

const ANSWER_MS = 20_000;

/**
 * `hold` freezes the form and `release` gives it back; `show` swaps the APV for the server's
 * answer; `signedOut` is called when the session has ended.
 */
export function lastQuestion({ hold, release, show, signedOut }) {
  let state = "idle"; // then "asking", "open", "sending"
  let turn = 0; // an answer to a question that was left is dropped
  const dialog = document.getElementById("confirm");
  const question = () => dialog.querySelector("form");

  // -- Asking ----------------------------------------------------------------------------------

  /** Ask about what stands in `form` at this moment. */
  async function ask(form) {
    if (state !== "idle") return;
    const mine = ++turn;
    const fields = new FormData(form);
    enter("asking");
    hold();
    const answer = await post(form.getAttribute("action"), fields);
    if (mine !== turn) return; // another APV was opened meanwhile
    if (answer.text?.includes('id="question"')) open(answer.text);
    else finish(answer);
  }

  function open(text) {
    const part = new DOMParser().parseFromString(text, "text/html");
    dialog.replaceChildren(document.adoptNode(part.querySelector("#question")));
    enter("open");
    dialog.showModal();
    appeared();
  }

  // -- Answering -------------------------------------------------------------------------------

  async function answer() {
    if (state !== "open") return;
    const mine = ++turn;
    enter("sending");
    const told = await post(question().getAttribute("action"), new FormData(question()));
    if (mine === turn) finish(told);
    else if (told.decided)
      tell(told); // its APV was left: only say what became of it
    else toast(reason(told, true));
  }

  /** Show what the server said; where it said nothing usable, the draft and the question stay. */
  function finish(answer) {
    if (answer.status === 401) signedOut();
    if (answer.part) {
      close();
      show(answer.part);
      if (answer.decided) tell(answer);
    } else if (state === "sending") {
      enter("open");
      complain("confirm-notice", reason(answer, true), answer.status);
    } else {
      leave();
      complain("form-notice", reason(answer, false), answer.status);
    }
  }

  function tell({ decided }) {
    document.dispatchEvent(new CustomEvent("decided", { detail: decided }));
  }

  function complain(id, text, status) {
    const notice = document.getElementById(id);
    if (!notice) return;
    notice.textContent = `${text} `;
    if (dialog.open && (status === 401 || status === 403)) notice.append(signIn());
    notice.hidden = false;
  }

  const signIn = () => document.querySelector("#signed-out a").cloneNode(true);

  // -- The server ------------------------------------------------------------------------------

  async function post(address, fields) {
    fields.set(
      "csrfmiddlewaretoken",
      document.querySelector("#decide [name=csrfmiddlewaretoken]").value,
    );
    try {
      return await read(
        await fetch(address, {
          method: "POST",
          body: fields,
          redirect: "manual", // it leads to the sign-in page
          headers: { "HX-Request": "true", "HX-Current-URL": location.href },
          signal: AbortSignal.timeout(ANSWER_MS),
        }),
      );
    } catch (error) {
      return { status: error.name === "TimeoutError" ? "timeout" : "network" };
    }
  }

  async function read(answer) {
    if (answer.type === "opaqueredirect") return { status: 401 };
    const text = await answer.text();
    const isPart = text.includes('id="reading"') && !text.includes("<html");
    const triggered = answer.headers.get("HX-Trigger-After-Swap");
    return {
      status: answer.status,
      seconds: Number(answer.headers.get("Retry-After")) || 1,
      text,
      part: isPart ? text : null,
      decided: triggered ? JSON.parse(triggered).decided : null,
    };
  }

  /** What went wrong and what to do; a decision whose answer was lost may be recorded. */
  function reason({ status, seconds }, wasSent) {
    const lost = status === "network" && wasSent ? "lost" : status;
    const kind = status >= 500 ? "5xx" : lost in words.refusals ? lost : "other";
    const isUnsure = wasSent && ["5xx", "lost", "timeout"].includes(kind);
    const after = isUnsure ? words.sendAgain : words.draftStays;
    return `${say(words.refusals[kind], { count: seconds, status })} ${after}`;
  }

  // -- States ----------------------------------------------------------------------------------

  function enter(next) {
    state = next;
    dialog.dataset.state = next;
    for (const button of dialog.querySelectorAll("button")) button.disabled = next !== "open";
    if (next === "open") dialog.querySelector(".primary")?.focus();
  }

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

  /** Another APV is opened: a question about this one is over; what was sent is sent. */
  function abandon() {
    if (state === "idle") return;
    turn++;
    close();
  }

  /** The APV was decided, closed or changed by others: this is not to be confirmed any more. */
  function overtaken(text) {
    if (state === "asking") abandon();
    if (state !== "open") return;
    const notice = dialog.querySelector("#confirm-notice");
    notice.textContent = text;
    notice.hidden = false;
    dialog.querySelector(".primary").disabled = true;
    dialog.querySelector("[name=back]").focus();
  }

  dialog.addEventListener("submit", (event) => {
    event.preventDefault();
    if (event.submitter?.name === "back") leave();
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
