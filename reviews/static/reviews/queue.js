/**
 * The lists. In the pending one rows come, find their place and leave; the others are read anew
 * after each decision. Counters follow.
 */

import { readElement, SignedOut } from "./fragment.js";

const GATHER_MS = 150; // arrivals this close together are fetched at once
const SPREAD_MS = 250; // so that many watchers do not all ask in the same moment
const REST_MS = 1_000; // between two reloads that the page wants for itself
const RETRY_MS = 5_000;
const SETTLE_MS = 2_000; // how long numbers and rows may differ before the list is read anew
const LEAVE_MS = 400;
const TRACE_LINES = 3;
const MINUTE_MS = 60_000;

export function queuePage(outcomes, endsLine) {
  const arrived = new Map(); // APV id → new_apv whose row is still to be fetched
  const gone = new Set(); // decided while something was being fetched
  let turn = Promise.resolve();
  let gathering;
  let reloading;
  let settling;
  let numbers; // as last told

  const queue = () => document.getElementById("queue");
  const body = () => queue().querySelector("tbody");
  const rowOf = (apvId) => document.getElementById(`apv-${apvId}`);
  const isPaged = () => "paged" in queue().dataset;
  const isPending = queue().dataset.list === "pending";
  const pageSize = () => Number(queue().dataset.pageSize);

  /** One fetch at a time: an older answer must not overwrite a newer one. */
  function inTurn(work) {
    const done = turn.then(() => {
      gone.clear();
      return work();
    });
    turn = done.then(
      () => showTrouble(false),
      (error) => showTrouble(!(error instanceof SignedOut)),
    );
    return done;
  }

  // -- What the socket tells -----------------------------------------------------------------

  function arrive(message) {
    if (rowOf(message.apv_id)) return;
    arrived.set(message.apv_id, message);
    gathering ??= setTimeout(fetchArrived, GATHER_MS + Math.random() * SPREAD_MS);
  }

  function leave(message) {
    const { apv_id: apvId, decision } = message;
    arrived.delete(apvId);
    gone.add(apvId);
    traceDecision(message);
    const row = rowOf(apvId);
    if (row) removeRow(row);
    const movesEscalated = decision === "escalate" || !row; // no row: it was escalated before
    if (isPaged() || movesEscalated) reloadSoon();
  }

  /** What a list other than the pending one does about a decision. */
  function follow(message) {
    traceDecision(message);
    reloadSoon();
  }

  function showNumbers() {
    if (!numbers) return;
    for (const counter of document.querySelectorAll("[data-stat]")) {
      counter.textContent = numbers[counter.dataset.stat];
    }
  }

  function count(message) {
    numbers = message;
    showNumbers();
    if (!isPending) return;
    clearTimeout(settling);
    settling = setTimeout(() => compare(message.pending_reviews), SETTLE_MS);
  }

  /** Rows can leave without an event, when an administrator removes them: the numbers show it. */
  function compare(pending) {
    const shown = isPaged() ? Number(queue().dataset.total) : body().rows.length;
    if (shown !== pending) reloadSoon();
  }

  // -- Rows ------------------------------------------------------------------------------------

  function fetchArrived() {
    gathering = undefined;
    const messages = [...arrived.values()];
    arrived.clear();
    if (messages.length === 0) return;
    traceArrivals(messages);
    if (isPaged() || body().rows.length + messages.length > pageSize()) {
      reloadSoon();
      return;
    }
    const ids = messages.map((message) => message.apv_id);
    inTurn(async () => {
      const rows = await readElement(`${queue().dataset.rows}?ids=${ids}`, "tbody");
      for (const row of [...rows.rows]) insertRow(document.adoptNode(row));
    }).catch(retryLater);
  }

  function insertRow(row) {
    if (gone.has(row.dataset.apvId) || document.getElementById(row.id)) return;
    const next = [...body().rows].find((other) => other.dataset.order > row.dataset.order);
    row.classList.add("arrived");
    body().insertBefore(row, next ?? null);
  }

  function removeRow(row) {
    moveFocusFrom(row);
    row.classList.add("leaving");
    row.removeAttribute("id"); // it counts as gone from now on
    setTimeout(() => row.remove(), LEAVE_MS);
  }

  function moveFocusFrom(row) {
    if (!row.contains(document.activeElement)) return;
    const neighbour = row.nextElementSibling ?? row.previousElementSibling;
    (neighbour?.querySelector("a") ?? document.getElementById("content")).focus();
  }

  // -- The whole list --------------------------------------------------------------------------

  function reload() {
    return inTurn(async () => {
      const fresh = await readElement(queue().dataset.address, "#queue");
      const focused = document.activeElement?.closest("#queue tr, #queue a[id]")?.id;
      queue().replaceWith(document.adoptNode(fresh));
      for (const apvId of gone) rowOf(apvId)?.remove();
      showNumbers();
      const again = document.getElementById(focused);
      (again?.querySelector("a") ?? again)?.focus({ preventScroll: true });
      return positions();
    });
  }

  function reloadSoon(delay = REST_MS) {
    reloading ??= setTimeout(() => {
      reloading = undefined;
      reload().catch(retryLater);
    }, delay + Math.random() * SPREAD_MS);
  }

  function retryLater(error) {
    if (!endsLine(error)) reloadSoon(RETRY_MS);
  }

  function positions() {
    return JSON.parse(queue().dataset.positions);
  }

  // -- Words -----------------------------------------------------------------------------------

  function traceArrivals(messages) {
    const [{ apv_code: code, severity, package_name: name }] = messages;
    const one = `${code} arrived: ${severity.toLowerCase()}, ${name}`;
    trace(messages.length === 1 ? one : `${messages.length} APVs arrived`);
  }

  function traceDecision({ apv_code: code, decision, reviewer_name: reviewer }) {
    trace(`${code} ${outcomes[decision] ?? decision} by ${reviewer}`);
  }

  function trace(text) {
    const log = document.getElementById("trace");
    const line = document.createElement("p");
    line.textContent = text;
    log.prepend(line);
    while (log.children.length > TRACE_LINES) log.lastElementChild.remove();
  }

  function showTrouble(failing) {
    document.getElementById("trouble").hidden = !failing;
  }

  function showWaiting() {
    for (const time of queue().querySelectorAll("[data-label=Waiting] time")) {
      time.textContent = inWords(Date.now() - Date.parse(time.dateTime));
    }
  }

  setInterval(showWaiting, MINUTE_MS / 2);

  return {
    positions: positions(),
    on: isPending
      ? { new_apv: arrive, decision_made: leave, stats_update: count }
      : { decision_made: follow, stats_update: count },
    reload,
  };
}

/** A time of waiting in its two largest units, in the words of reviews/console/queue.py. */
function inWords(milliseconds) {
  const minutes = Math.max(0, Math.floor(milliseconds / MINUTE_MS));
  if (minutes < 1) return "< 1 min";
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
}
