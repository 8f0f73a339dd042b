/** The open APV, and the messages when it changes while the reader reads it. */

import { byId, one, targetOf } from "./dom.js";
import { read } from "./fragment.js";
import { presence } from "./reading/presence.js";
import { tabs } from "./reading/tabs.js";
import { showTimes } from "./times.js";
import { AWAITING, capitalised, isFinal, say, toast, watch, words } from "./words.js";

/**
 * @param {EndsLine} endsLine
 * @param {object} decision is told, in words, what others did to the APV that is open
 * @param {(text: string, reason?: string) => void} decision.overtaken
 * @param {(text: string) => void} decision.outdated
 * @param {() => boolean} decision.isSending
 * @param {(act: () => void) => boolean} decision.defers keeps it while a decision is on its way
 * @param {(number: number) => void} changed gets the number of the last change to any APV
 */
export function readingPage(endsLine, decision, changed) {
  const reading = () => document.getElementById("reading");
  const isOpen = () => "open" in (reading()?.dataset ?? {});
  const readers = presence();

  function adopt() {
    if (!document.getElementById("tabs")) return;
    tabs.adopt();
    showTimes(byId("reading"));
    readers.adopt();
    if (readers.isRead()) beatOrEnd();
    else readers.show([]); // and its state is what the server has just sent
  }

  // -- While it is read ------------------------------------------------------------------------

  /** @param {DecisionMade} message */
  function decided(message) {
    const { apvId, positions = "{}" } = reading()?.dataset ?? {};
    if (message.apv_id !== apvId || !isOpen() || message.action_taken === AWAITING) return;
    if (message.offset <= (JSON.parse(positions).decisions?.offset ?? 0)) return;
    const result = words.outcomes[message.decision] ?? message.decision;
    const text = say(words.whileReading, {
      code: message.apv_code,
      outcome: result,
      reviewer: message.reviewer_name,
    });
    const tell = () => {
      showDecided(text, result, { goesOn: !isFinal(message) }); // leads go on
      decision.overtaken(text);
    };
    if (!decision.defers(tell)) tell();
  }

  /** @param {ApvChanged} message */
  async function follow(message) {
    if (message.apv_id !== reading()?.dataset.apvId) return;
    const module = await import("./reading/follow.js");
    await module.follow(message, { look, showChanged, outdated: decision.outdated });
  }

  /** @param {EffectChanged} message */
  async function become(message) {
    if (message.apv_id !== reading()?.dataset.apvId) return;
    const module = await import("./reading/outcomes.js");
    module.become(message, endsLine);
  }

  /**
   * @param {string} text
   * @param {string} result
   * @param {{ goesOn: boolean }} options `goesOn` offers to show the APV as it is now
   */
  function showDecided(text, result, { goesOn }) {
    const notice = byId("decided-meanwhile");
    one(notice, "span").textContent = text;
    one(notice, "button").hidden = !goesOn;
    notice.hidden = false;
    one(byId("reading"), ".head .tag").textContent = capitalised(result);
  }

  /** Send every few seconds that the reader reads this APV; receive its other readers and its state. */
  async function beat() {
    if (!readers.isRead()) {
      readers.show([]);
      if (!document.hidden) await look();
      return;
    }
    const apvId = reading()?.dataset.apvId;
    const now = await readers.report();
    if (reading()?.dataset.apvId === apvId) {
      readers.show(now.others);
      compare(now);
    }
    changed(now.changes);
  }

  function beatOrEnd() {
    beat().catch((error) => {
      if (!endsLine(error)) readers.show([]); // it is not known any more
    });
  }

  async function look() {
    const { state, apvId } = reading()?.dataset ?? {};
    if (!state) return;
    /** @type {ApvState} */
    const now = await (await read(state)).json();
    if (reading()?.dataset.apvId === apvId) compare(now);
    changed(now.changes);
  }

  /** @param {ApvState} now */
  function compare({ version, open, status }) {
    if (version <= Number(reading()?.dataset.version)) return; // an answer may be late
    if (!byId("decided-meanwhile").hidden) return; // that says it already
    if (!open && isOpen()) closed(status);
    else showChanged(one(byId("changed"), "span").textContent || words.changed);
  }

  /**
   * It was withdrawn, or somebody decided on it whose message has not come yet.
   *
   * @param {string} status
   */
  function closed(status) {
    if (decision.isSending()) return; // its answer will tell
    const text = say(words.closed, { code: reading()?.dataset.code, outcome: status });
    showDecided(text, status, { goesOn: true });
    decision.overtaken(text, words.isClosed);
  }

  /** @param {string} [text] */
  function showChanged(text = words.changed) {
    decision.outdated(text);
    byId("rebased").hidden = true;
    const notice = byId("changed");
    one(notice, "span").textContent = text;
    notice.hidden = false;
  }

  // -- The diff ----------------------------------------------------------------------------------

  /** @param {Event} event */
  async function copy(event) {
    /** @type {HTMLElement | null | undefined} */
    const button = targetOf(event)?.closest("[data-copy]");
    if (!button) return;
    try {
      const text = await (await read(button.dataset.copy ?? "")).text();
      await navigator.clipboard.writeText(text);
      toast(words.copied);
    } catch (error) {
      endsLine(error);
      toast(words.notCopied);
    }
  }

  document.addEventListener("click", copy);
  document.addEventListener("visibilitychange", () =>
    document.hidden ? readers.leave() : beatOrEnd(),
  );
  addEventListener("pagehide", () => readers.leave("page"));
  setInterval(beatOrEnd, watch.beat);
  adopt();

  return {
    adopt,
    show: tabs.show,
    look,
    /** @type {Listeners} */ on: {
      decision_made: decided,
      apv_changed: (message) => follow(message).catch(endsLine),
      effect_changed: (message) => become(message).catch(endsLine),
    },
  };
}
