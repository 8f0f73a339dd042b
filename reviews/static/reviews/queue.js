/**
 * The lists. In the pending one, rows come, are placed and leave; the others are read again
 * after each decision. This module decides what each message means for the list that is shown; the
 * parts in queue/ do it.
 */

import { listCounts } from "./counts.js";
import { all, targetOf } from "./dom.js";
import { arrivals, REMEMBERED } from "./queue/arrivals.js";
import * as listed from "./queue/list.js";
import { moreRows } from "./queue/more_rows.js";
import { after, markOpen, neighbour, showOpenRow } from "./queue/open_row.js";
import { placing, tidy } from "./queue/placing.js";
import { reloading } from "./queue/reloading.js";
import { outcome, traceDecision, traceRetraction } from "./queue/trace.js";
import { showTimes } from "./times.js";
import { AWAITING, digits, isFinal, say, words } from "./words.js";

const SETTLE_MS = 2_000; // numbers and rows are compared after neither changed for so long

const FOLD_MS = 3_000; // between two times that a folded list is read again

const UNFINISHED = new Set(["waiting", "refused", "failed"]); // what may need attention

const { isFolded, isNarrowed, isPending, isWhole, list, positions, rowOf, standing } = listed;

/** @param {EndsLine} endsLine */
export function queuePage(endsLine) {
  /** @type {Map<string, DecisionMade>} APV id → the last decision received */
  const decided = new Map();
  /** @type {DecisionMade[]} To announce if they are in this list, once it is read again */
  const untold = [];
  /** @type {StatsUpdate | undefined} The last one received */
  let numbers;
  let isEmptied = false; // whether nothing was found when it was counted last
  /** @type {number | undefined} */
  let settling;

  /** @param {string} apvId */
  const isDecided = (apvId) => decided.has(apvId);
  const counts = listCounts({ endsLine, counted });
  const more = moreRows({
    isKnown: (apvId) => isDecided(apvId) || rows.isHeld(apvId),
    endsLine,
  });
  const rows = placing({ onRoom: more.refill });
  const arriving = arrivals({ rows, counts, isDecided, endsLine });
  const { reload, reloadSoon } = reloading({
    adopt: (before) => {
      adopt();
      tellUntold(before);
    },
    endsLine,
  });

  /** @param {NewApv} message */
  function arrive(message) {
    if (isFolded()) {
      foldAgain();
      return;
    }
    settle();
    arriving.arrive(message);
  }

  /** Groups change in ways that only the server knows. */
  function foldAgain() {
    counts.recountSoon();
    reloadSoon(FOLD_MS);
  }

  // -- Decisions -------------------------------------------------------------------------------

  /** @param {DecisionMade} message */
  function decide(message) {
    settle();
    if (message.action_taken === AWAITING) {
      if (!isPending()) reloadSoon(); // its row in the queue follows the change of the APV
      return;
    }
    const isFirst = remember(message);
    if (isFolded()) {
      foldAgain();
      return;
    }
    if (isNarrowed()) counts.recountSoon();
    if (isPending()) {
      decideHere(message, isFirst);
      return;
    }
    if (isNarrowed()) untold.push(message);
    else traceDecision(message);
    reloadSoon();
  }

  /**
   * @param {DecisionMade} message
   * @returns {boolean} whether it is the first decision on its APV that was received
   */
  function remember(message) {
    const [oldest] = decided.keys();
    if (decided.size > REMEMBERED && oldest) decided.delete(oldest);
    const isFirst = !isDecided(message.apv_id);
    decided.set(message.apv_id, message);
    return isFirst;
  }

  /**
   * @param {DecisionMade} message
   * @param {boolean} isFirst
   */
  function decideHere(message, isFirst) {
    const { apv_id: apvId } = message;
    const isHere = rowOf(apvId) || rows.isHeld(apvId);
    if (isFirst && !isFinal(message)) counts.escalatedBy(1);
    else if (!isHere && !arriving.isArriving(apvId)) counts.recountSoon(); // escalated, or further down
    if (isHere || !isNarrowed()) {
      counts.add(-1);
      traceDecision(message);
    }
    arriving.forget(apvId);
    rows.strike(apvId, say(words.decidedBy, outcome(message)));
  }

  /**
   * Say what was decided of the APVs in this narrowed list, now that it was read again.
   *
   * @param {Set<string>} before the APVs that were in it
   */
  function tellUntold(before) {
    for (const message of untold.splice(0)) {
      const { apv_id: apvId, decision_id: decisionId } = message;
      const isHere = document.getElementById(`decision-${decisionId}`) || rowOf(apvId);
      if (isHere || before.has(apvId)) traceDecision(message);
    }
  }

  // -- Changes without a decision --------------------------------------------------------------

  /**
   * An APV was revised, withdrawn or reopened: its row changes, comes or leaves.
   *
   * @param {ApvChanged} message
   */
  function follow(message) {
    if (message.what === "retracted") traceRetraction(message);
    if (message.status === "pending") decided.delete(message.apv_id); // it can be decided anew
    reloadSoon(100); // a burst of changes is read once
  }

  /** An APV was claimed, released, assigned or commented on: a list of those comes to have it, or loses it. */
  function followTeam() {
    if (/[?&](claimed|assigned|commented)=/.test(list().dataset.kept ?? "")) reloadSoon(100);
  }

  /**
   * What carries a decision out is in another state: its row changes, comes or leaves.
   *
   * @param {EffectChanged} message
   */
  function followEffect({ decision_id: decisionId, state }) {
    if (UNFINISHED.has(state) || counts.attention() > 0) counts.recountSoon();
    if (list().dataset.list === "attention") reloadSoon(100);
    else if (document.getElementById(`decision-${decisionId}`)) {
      import("./queue/decision_rows.js")
        .then((rows) => rows.change(decisionId, endsLine))
        .catch(() => reloadSoon());
    }
  }

  /** An APV is due soon or overdue, and may come into the list that is shown. */
  function followDeadline() {
    counts.recountSoon();
    const { list: name, kept } = list().dataset;
    if (name === "attention" || kept?.includes("due=")) reloadSoon(100);
  }

  // -- Numbers ---------------------------------------------------------------------------------

  /** @param {StatsUpdate} message */
  function count(message) {
    numbers = message;
    showNumbers();
    if (isNarrowed()) counts.recountSoon();
    settle();
  }

  /** Wait until numbers and events, which come apart, have all come. */
  function settle() {
    clearTimeout(settling);
    settling = setTimeout(compare, SETTLE_MS);
  }

  function showNumbers() {
    if (!numbers) return;
    const told = new Map(Object.entries(numbers));
    for (const counter of all(document, "[data-stat]")) {
      counter.textContent = digits(told.get(counter.dataset.stat ?? ""));
    }
  }

  const shownCount = () => standing().length + rows.heldCount();

  /** Rows can come and leave without an event, when somebody changes them; the numbers show it. */
  function compare() {
    if (!numbers || !isPending() || isNarrowed() || isFolded()) return;
    const shown = isWhole() ? shownCount() : counts.known();
    if (shown !== numbers.pending_reviews) reloadSoon();
  }

  /**
   * The server has counted; a completely loaded list must have that length.
   *
   * @param {number} found
   */
  function counted(found) {
    const hasNothing = found === 0 && isNarrowed() && !isEmptied; // another list may find it now
    if (hasNothing || (isWhole() && shownCount() !== found)) reloadSoon();
    isEmptied = found === 0;
  }

  /**
   * An APV was changed, withdrawn or restored, maybe before this page was connected.
   *
   * @param {number} number of the last change
   */
  function changed(number) {
    if (number > Number(list().dataset.changes)) reloadSoon();
  }

  // -- The whole list --------------------------------------------------------------------------

  /** Continue with a list that was read again: apply the events since. */
  function adopt() {
    rows.forgetHeld();
    counts.adopt();
    isEmptied = counts.known() === 0;
    if (isPending()) for (const apvId of decided.keys()) rowOf(apvId)?.remove();
    arriving.adopt();
    rows.showNews();
    showNumbers();
    showTimes(list());
    list().addEventListener("scroll", rows.scrolled, { passive: true });
    more.watchEnd();
    markOpen(document.getElementById("reading")?.dataset.code);
  }

  document.addEventListener("click", (event) => {
    if (targetOf(event)?.closest("#news")) rows.letIn();
  });
  document.addEventListener("submit", openExact);
  showOpenRow();
  adopt();

  return {
    positions: positions(),
    changed,
    /** @type {Listeners} */
    on: {
      new_apv: arrive,
      decision_made: decide,
      apv_changed: follow,
      effect_changed: followEffect,
      claim_changed: followTeam,
      assignment_changed: followTeam,
      deadline_changed: followDeadline,
      deadlines_recounted: () => reloadSoon(),
      comment_changed: followTeam,
      stats_update: count,
    },
    reload,
    adopt,
    letIn: rows.letIn,
    tidy,
    markOpen,
    neighbour,
    after,
  };
}

/**
 * Enter in the search opens the APV whose code was typed, if it is in no row here.
 *
 * @param {SubmitEvent} event
 */
function openExact(event) {
  if (targetOf(event)?.id === "filters") document.getElementById("exact")?.click();
}
