/**
 * The bar that undoes the reader's last decision while nothing of it has happened. It stays while
 * other APVs and lists are opened, and every page of the reader has it. Loaded with the first one.
 */

import { byId, one } from "./dom.js";
import { addressOf, read, SignedOut } from "./fragment.js";
import { now } from "./times.js";
import { announceNow, say, toast, words } from "./words.js";

const TICK_MS = 250;
const ANSWER_MS = 20_000;
const GATHER_MS = 150;

/**
 * @param {object} options
 * @param {EndsLine} options.endsLine
 * @param {() => void} options.opens is called before an APV opens that can be decided anew
 */
export function undoBar({ endsLine, opens }) {
  /** @type {Undoable | null} */
  let offered = null;
  /** @type {number | undefined} */
  let ticking;
  let isSending = false;
  /** @returns {HTMLFormElement} */
  const bar = () => byId("undo");
  /** @returns {HTMLButtonElement} */
  const button = () => one(bar(), "button");
  const left = () => (offered ? Date.parse(offered.until) - now() : 0);

  // -- Offering --------------------------------------------------------------------------------

  /** @param {Undoable | null} undoable */
  function offer(undoable) {
    if (!undoable || Date.parse(undoable.until) <= now()) {
      hide();
      return;
    }
    const isNew = undoable.decision !== offered?.decision;
    offered = undoable;
    button().disabled = isSending;
    bar().hidden = false;
    byId("undo-text").textContent = undoable.text;
    tick();
    clearInterval(ticking);
    ticking = setInterval(tick, TICK_MS);
    if (isNew) begin();
  }

  /** Start the line that becomes shorter, and say once what can be done. */
  function begin() {
    const line = one(bar(), ".remaining");
    line.style.animation = "none";
    line.getBoundingClientRect(); // so that the animation begins anew
    line.style.animation = "";
    line.style.animationDuration = `${left()}ms`;
    announceNow(say(words.canUndo, { count: Math.ceil(left() / 1000) }));
  }

  function tick() {
    if (left() <= 0 && !isSending) hide();
    else one(bar(), ".seconds").textContent = `${Math.max(0, Math.ceil(left() / 1000))} s`;
  }

  function hide() {
    clearInterval(ticking);
    offered = null;
    if (bar().contains(document.activeElement)) byId("content").focus({ preventScroll: true });
    bar().hidden = true;
  }

  /** Ask the server: this page may not have heard of the last decision. */
  async function look() {
    const answer = await (await read(bar().dataset.last ?? "")).json();
    if (!isSending) offer(answer.undo);
  }

  /** @type {number | undefined} */
  let looking;

  /** A batch makes many decisions in a moment: look once. */
  function lookSoon() {
    clearTimeout(looking);
    looking = setTimeout(() => look().catch(endsLine), GATHER_MS);
  }

  // -- Undoing ---------------------------------------------------------------------------------

  async function undo() {
    const undone = offered;
    if (isSending) return;
    if (!undone) {
      toast(words.nothingToUndo);
      return;
    }
    isSending = true;
    button().disabled = true;
    try {
      await post(undone);
      offered = null;
      if (undone.code) {
        opens();
        open(undone.code);
        toast(say(words.undone, { code: undone.code }));
      } else {
        document.dispatchEvent(new Event("batch-undone")); // many.js shows how far that is
      }
    } catch (error) {
      endsLine(error);
      toast(error instanceof Refused ? error.message : words.notUndone);
    } finally {
      isSending = false;
      hide();
      lookSoon(); // it may be undone although the answer was lost, or still be possible
    }
  }

  /** @param {Undoable} undone */
  async function post({ address, code }) {
    const answer = await fetch(address, {
      method: "POST",
      body: new FormData(bar()),
      redirect: "manual", // it leads to the sign-in page
      headers: { Accept: "application/json" },
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    if (answer.ok) return;
    if (answer.type === "opaqueredirect") throw new SignedOut(address);
    if (answer.status === 429) throw new Refused(words.tooMuch);
    const told = await answer.json().catch(() => ({}));
    if (told.error) throw new Refused(say(words.notUndoneBecause, { code, reason: told.error }));
    throw new Error(`${addressOf(code)}: ${answer.status}`);
  }

  // -- What others do --------------------------------------------------------------------------

  /** @param {EffectChanged} message */
  function changed(message) {
    if (message.decision_id !== offered?.decision || isSending) return;
    if (!["held", "external"].includes(message.state)) hide();
  }

  /** @param {ApvChanged} message */
  function followed(message) {
    if (message.what === "retracted" && message.apv_code === offered?.code && !isSending) hide();
  }

  bar().addEventListener("submit", (event) => {
    event.preventDefault();
    undo();
  });
  return {
    offer,
    undo,
    lookSoon,
    /** @type {Listeners} */
    on: { effect_changed: changed, apv_changed: followed },
  };
}

/**
 * Open an APV whose decision was undone, next to the list that is shown.
 *
 * @param {string} code
 */
function open(code) {
  const link = document.createElement("a");
  link.href = addressOf(code) + (byId("list").dataset.kept ?? "");
  link.hidden = true;
  one(byId("list"), "table").append(link); // which says how its links are opened
  window.htmx.process(link);
  link.click();
}

/** The server says why something cannot be undone. */
class Refused extends Error {}
