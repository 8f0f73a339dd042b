/**
 * The lists. In the pending one rows come, find their place and leave; the others are read anew
 * after each decision. Nothing in sight ever moves by itself: a row whose place is in sight waits
 * until it is let in or its place is scrolled away, and a decided one stays, struck through, for
 * as long.
 */

import { listCounts } from "./counts.js";
import { readElement, SignedOut } from "./fragment.js";
import { showTimes } from "./times.js";
import { announce, capitalised, digits, say, watch, words } from "./words.js";

const GATHER_MS = 50; // arrivals this close together are fetched at once
const SPREAD_MS = 250; // so that many watchers do not all ask in the same moment
const REST_MS = 1_000; // between two reloads that the page wants for itself
const RETRY_MS = 5_000;
const SETTLE_MS = 2_000; // how long numbers and rows may differ before the list is read anew
const SCROLL_MS = 150;
const AHEAD = "1500px 0px";
const REMEMBERED = 1_000; // events that an answer on its way may not know of yet
const MOST_ROWS = 2_000; // beyond, the list forgets rows at its end; they can be loaded again

export function queuePage(endsLine) {
  const arrived = new Map(); // APV id → new_apv whose row is still to be fetched
  const held = new Map(); // APV id → row whose place is in sight
  const decided = new Map(); // APV id → the last decision heard of
  const recent = []; // arrivals heard of last
  const untold = []; // decisions that are news if they are in this list, once it is read anew
  const counts = listCounts({ endsLine, counted });
  let turn = Promise.resolve();
  let isEmptied = false; // whether nothing was found when it was counted last
  let gathering, reloading, settling, scrolling, loading, sight;
  let numbers; // as last told

  function list() {
    return document.getElementById("list");
  }
  const body = () => list().querySelector("tbody");
  const rowOf = (apvId) => document.getElementById(`apv-${apvId}`);
  const isPending = () => list().dataset.list === "pending";
  const isPlain = () => "plain" in list().dataset;
  const isNarrowed = () => "narrowed" in list().dataset;
  const hasMore = () => "hasMore" in list().dataset;
  const isWhole = () => !hasMore() && !("belowTop" in list().dataset);
  const rows = () => [...body().rows];
  const standing = () => rows().filter((row) => !row.classList.contains("leaving"));

  /** One fetch at a time: an older answer must not overwrite a newer one. */
  function inTurn(work) {
    const done = turn.then(work);
    turn = done.then(
      () => showTrouble(false),
      (error) => showTrouble(!(error instanceof SignedOut)),
    );
    return done;
  }

  // -- What the socket tells -----------------------------------------------------------------

  function arrive(message) {
    remember(message);
    if (!isPending() || isNarrowed()) counts.recountSoon();
    if (!isPending() || decided.has(message.apv_id)) return;
    if (!isNarrowed()) counts.add(1);
    receive(message);
  }

  function remember(message) {
    recent.push(message);
    if (recent.length > REMEMBERED) recent.shift();
  }

  function receive(message) {
    if (rowOf(message.apv_id) || held.has(message.apv_id)) return;
    if (isPlain()) place(provisional(message)); // painted at once, filled in when it was read
    arrived.set(message.apv_id, message);
    gathering ??= setTimeout(fetchArrived, GATHER_MS + Math.random() * SPREAD_MS);
    if (!isNarrowed()) tellArrival(message);
  }

  function decide(message) {
    const { apv_id: apvId } = message;
    if (decided.size > REMEMBERED) decided.delete(decided.keys().next().value);
    const first = !decided.has(apvId);
    decided.set(apvId, message);
    if (isNarrowed()) counts.recountSoon();
    if (!isPending()) {
      if (isNarrowed()) untold.push(message);
      else tellDecision(message);
      reloadSoon();
      return;
    }
    const isHere = rowOf(apvId) || held.has(apvId);
    if (first && message.decision === "escalate") counts.escalatedBy(1);
    else if (!isHere && !arrived.has(apvId)) counts.recountSoon(); // escalated, or further down
    if (isHere || !isNarrowed()) {
      counts.add(-1);
      tellDecision(message);
    }
    leave(apvId, message);
  }

  const tellArrival = (message) => trace(say(words.arrived, inShort(message)), "manyArrived");
  const tellDecision = (message) => trace(say(words.decided, outcome(message)), "manyDecided");

  /** Say what was decided of the APVs in this narrowed list, now that it was read anew. */
  function tellUntold(before) {
    for (const message of untold.splice(0)) {
      const { apv_id: apvId, decision_id: decisionId } = message;
      const isHere = document.getElementById(`decision-${decisionId}`) || rowOf(apvId);
      if (isHere || before.has(apvId)) tellDecision(message);
    }
  }

  function leave(apvId, message) {
    arrived.delete(apvId);
    held.delete(apvId);
    showNews();
    const row = rowOf(apvId);
    if (!row) return;
    row.removeAttribute("id"); // it counts as gone from now on
    row.classList.remove("new");
    row.classList.add("leaving");
    const cell = row.insertCell();
    cell.className = "at-trace";
    cell.textContent = say(words.decidedBy, outcome(message));
    if (isOutOfSight(row)) row.remove();
    refill();
  }

  function count(message) {
    numbers = message;
    showNumbers();
    if (isNarrowed()) counts.recountSoon();
    if (!isPending() || isNarrowed()) return;
    clearTimeout(settling);
    settling = setTimeout(() => compare(message.pending_reviews), SETTLE_MS);
  }

  /** An APV was changed, withdrawn or put back, which no event tells: rows may differ. */
  function changed(number) {
    if (number > Number(list().dataset.changes)) reloadSoon();
  }

  /** Rows can come and leave without an event, when somebody changes them: numbers show it. */
  function compare(pending) {
    const shown = isWhole() ? standing().length + held.size : counts.known();
    if (shown !== pending) reloadSoon();
  }

  /** The server has counted: a list that is here whole must be as long. */
  function counted(found) {
    const hasNothing = found === 0 && isNarrowed() && !isEmptied; // another list may find it now
    if (hasNothing || (isWhole() && standing().length + held.size !== found)) reloadSoon();
    isEmptied = found === 0;
  }

  function showNumbers() {
    if (!numbers) return;
    for (const counter of document.querySelectorAll("[data-stat]")) {
      counter.textContent = digits(numbers[counter.dataset.stat]);
    }
  }

  // -- Rows ------------------------------------------------------------------------------------

  function fetchArrived() {
    gathering = undefined;
    const ids = [...arrived.keys()].slice(0, Number(list().dataset.pageSize));
    if (ids.length === 0) return;
    inTurn(async () => {
      const fresh = await readRows({ ids: ids.join(",") });
      for (const row of fresh.rows) {
        if (isNarrowed() && arrived.has(row.dataset.apvId)) greet(row);
        fill(row);
      }
      for (const id of ids) arrived.delete(id);
      for (const id of ids) if (!fresh.ids.has(id)) forget(id);
      if (arrived.size) gathering ??= setTimeout(fetchArrived, GATHER_MS);
    }).catch((error) => {
      gathering = endsLine(error) ? undefined : setTimeout(fetchArrived, RETRY_MS);
    });
  }

  /** An APV that came belongs to this narrowed list. */
  function greet(row) {
    const { apvId } = row.dataset;
    tellArrival(arrived.get(apvId));
    if (!rowOf(apvId) && !held.has(apvId)) counts.add(1);
  }

  /** The rows that the server has for `query`, narrowed as the list is. */
  async function readRows(query) {
    const { rows: address, kept } = list().dataset;
    const asked = new URLSearchParams(kept.slice(1));
    for (const [name, value] of Object.entries(query)) asked.set(name, value);
    const table = await readElement(`${address}?${asked}`, "table");
    const found = [...table.tBodies[0].rows].map((row) => document.adoptNode(row));
    return {
      rows: found.filter((row) => !decided.has(row.dataset.apvId)),
      ids: new Set(found.map((row) => row.dataset.apvId)),
      hasMore: "hasMore" in table.dataset,
    };
  }

  function provisional(message) {
    const { apv_id: apvId, apv_code: code, severity, cve_id: cve, package_name: name } = message;
    const blank = document.getElementById("blank-row").content.querySelector("tr");
    const row = document.importNode(blank, true);
    row.id = `apv-${apvId}`;
    row.dataset.apvId = apvId;
    row.dataset.order = `${watch.orders[severity]} ${message.timestamp} ${apvId}`;
    const badge = row.querySelector(".badge");
    badge.classList.add(severity.toLowerCase());
    badge.textContent = capitalised(words.severities[severity]);
    row.querySelector(".package").textContent = name;
    row.querySelector(".at-cve").textContent = cve ?? "";
    row.querySelector("time").dateTime = message.timestamp;
    const link = row.querySelector("a");
    link.textContent = code;
    link.href = `/apvs/${code}${list().dataset.kept}`;
    return row;
  }

  /** Put a whole row where a provisional one stands or waits, else in its place. */
  function fill(row) {
    const id = row.dataset.apvId;
    const there = rowOf(id);
    showTimes(row);
    if (held.has(id)) {
      held.set(id, row);
    } else if (there && there.dataset.order.slice(0, 8) === row.dataset.order.slice(0, 8)) {
      if (!there.classList.contains("blank")) return;
      row.classList.add("new");
      exchange(there, row);
    } else {
      there?.remove();
      place(row);
    }
  }

  function exchange(there, row) {
    const hadFocus = there.contains(document.activeElement);
    row.dataset.order = there.dataset.order;
    if (there.querySelector("[aria-current]")) mark(row);
    there.replaceWith(row);
    globalThis.htmx?.process(row);
    if (hadFocus) row.querySelector("a").focus({ preventScroll: true });
  }

  function forget(id) {
    held.delete(id);
    rowOf(id)?.remove();
    showNews();
  }

  /** Put a row into the list, unless that would move what is in sight. */
  function place(row) {
    const all = rows();
    const next = all.find((other) => other.dataset.order > row.dataset.order);
    if (!next && hasMore()) return; // it is loaded with the rows around it
    if (next && next === all[0] && "belowTop" in list().dataset) return;
    if (next && !isOutOfSight(next)) {
      held.set(row.dataset.apvId, row);
      showNews();
    } else {
      insert(row, next);
    }
  }

  function insert(row, next) {
    row.classList.add("new");
    showTimes(row);
    body().insertBefore(row, next ?? null);
    globalThis.htmx?.process(row);
    trim();
  }

  function trim() {
    const all = rows();
    if (all.length <= MOST_ROWS || !isOutOfSight(all.at(-1))) return;
    for (const row of all.slice(MOST_ROWS - 100)) row.remove();
    list().dataset.hasMore = "";
  }

  function isOutOfSight(row) {
    const { top, bottom } = row.getBoundingClientRect();
    const frame = list().getBoundingClientRect();
    return frame.height === 0 || bottom <= frame.top || top >= frame.bottom;
  }

  function showNews() {
    const button = document.getElementById("news");
    button.hidden = held.size === 0;
    button.textContent = say(words.new, { count: digits(held.size) });
  }

  /** Let in what waits; the reader asked for it, so that the list may move. */
  function letIn() {
    tidy();
    const waiting = [...held.values()].sort((a, b) => (a.dataset.order < b.dataset.order ? -1 : 1));
    held.clear();
    for (const row of waiting) {
      insert(
        row,
        rows().find((other) => other.dataset.order > row.dataset.order),
      );
    }
    showNews();
    waiting[0]?.scrollIntoView({ block: "nearest" });
  }

  /** Remove the rows that only tell who decided. */
  function tidy(which = () => true) {
    for (const row of rows()) {
      if (row.classList.contains("leaving") && which(row)) row.remove();
    }
  }

  function settleOutOfSight() {
    scrolling = undefined;
    tidy(isOutOfSight);
    for (const [id, row] of [...held]) {
      held.delete(id);
      place(row);
    }
    showNews();
    refill();
  }

  function scrolled() {
    scrolling ??= setTimeout(settleOutOfSight, SCROLL_MS);
  }

  // -- Further down ----------------------------------------------------------------------------

  /** Load what comes next well before it is scrolled into sight. */
  function watchEnd() {
    sight?.disconnect();
    const more = document.getElementById("more");
    if (!more) return;
    sight = new IntersectionObserver(
      (entries) => entries.some((entry) => entry.isIntersecting) && loadMore(),
      { root: list(), rootMargin: AHEAD },
    );
    sight.observe(more);
  }

  function refill() {
    if (hasMore() && standing().length < Number(list().dataset.pageSize)) loadMore();
  }

  function loadMore() {
    const last = standing().at(-1);
    if (loading || !hasMore()) return;
    const after = last?.dataset.decisionId ?? last?.querySelector(".at-code a").textContent ?? "";
    loading = inTurn(async () => {
      const fresh = await readRows(after ? { after } : {});
      for (const row of fresh.rows) {
        if (document.getElementById(row.id) || held.has(row.dataset.apvId)) continue;
        showTimes(row);
        body().append(row);
        globalThis.htmx?.process(row);
      }
      if (!fresh.hasMore) endOfList();
    })
      .catch(endsLine)
      .finally(() => {
        loading = undefined;
        watchEnd(); // it may be in sight still
      });
  }

  function endOfList() {
    delete list().dataset.hasMore;
    document.getElementById("more")?.remove();
  }

  // -- The whole list --------------------------------------------------------------------------

  function reload() {
    return inTurn(async () => {
      const part = await readElement(addressAround(), "body");
      const before = new Set(rows().map((row) => row.dataset.apvId));
      const focused = document.activeElement?.closest("#list tr, #lists a")?.id;
      const { scrollTop } = list();
      list().replaceWith(document.adoptNode(part.querySelector("#list")));
      document
        .getElementById("lists")
        .replaceWith(document.adoptNode(part.querySelector("#lists")));
      document.getElementById("lists").removeAttribute("hx-swap-oob");
      adopt();
      tellUntold(before);
      globalThis.htmx?.process(list());
      list().scrollTop = scrollTop;
      const again = document.getElementById(focused);
      (again?.querySelector("a") ?? again)?.focus({ preventScroll: true });
      return positions();
    });
  }

  /** Where the list is read anew: around the row that is open, if the first page does not hold it. */
  function addressAround() {
    const address = new URL(list().dataset.address, location.href);
    const at = rows().findIndex((row) => row.querySelector("[aria-current]"));
    const isFurtherDown = at >= Number(list().dataset.pageSize) || "belowTop" in list().dataset;
    if (at >= 0 && isFurtherDown) {
      address.searchParams.set("around", document.getElementById("reading").dataset.code);
    }
    return address;
  }

  /** Go on with a list that was read anew: what was heard since it was read is told it again. */
  function adopt() {
    held.clear();
    arrived.clear();
    counts.adopt();
    isEmptied = counts.known() === 0;
    for (const apvId of isPending() ? decided.keys() : []) rowOf(apvId)?.remove();
    const read = positions().apvs?.offset ?? Infinity;
    for (const message of isPending() ? recent : []) {
      if (message.offset > read && !decided.has(message.apv_id)) {
        if (!isNarrowed()) counts.add(1);
        receive(message);
      }
    }
    showNews();
    showNumbers();
    showTimes(list());
    list().addEventListener("scroll", scrolled, { passive: true });
    watchEnd();
    markOpen(document.getElementById("reading")?.dataset.code);
  }

  function reloadSoon(delay = REST_MS) {
    reloading ??= setTimeout(
      () => {
        reloading = undefined;
        reload().catch((error) => {
          if (!endsLine(error)) reloadSoon(RETRY_MS);
        });
      },
      delay + Math.random() * SPREAD_MS,
    );
  }

  function positions() {
    return JSON.parse(list().dataset.positions);
  }

  // -- The row that is open ----------------------------------------------------------------------

  function markOpen(code) {
    for (const link of list().querySelectorAll("[aria-current]")) {
      link.removeAttribute("aria-current");
    }
    const link = linkOf(code);
    if (link) mark(link.closest("tr"));
  }

  function mark(row) {
    row.classList.remove("new");
    row.querySelector("a").setAttribute("aria-current", "true");
  }

  function linkOf(code) {
    return [...list().querySelectorAll(".at-code a")].find((link) => link.textContent === code);
  }

  /** The row to go to from the one that has the focus, or else from the one that is open. */
  function neighbour(step) {
    const all = standing();
    const from =
      document.activeElement?.closest("#list tr") ??
      list().querySelector("[aria-current]")?.closest("tr");
    if (!from) return all[0];
    const every = rows();
    for (let at = every.indexOf(from) + step; every[at]; at += step) {
      if (!every[at].classList.contains("leaving")) return every[at];
    }
    return undefined;
  }

  /** The link of the APV that comes after `code`. */
  function after(code) {
    const every = rows();
    const at = every.indexOf(linkOf(code)?.closest("tr"));
    const next = every.slice(at + 1).find((row) => !row.classList.contains("leaving"));
    return (next ?? standing().find((row) => !row.contains(linkOf(code))))?.querySelector("a");
  }

  // -- Words -----------------------------------------------------------------------------------

  function inShort({ apv_code: code, severity, package_name: name }) {
    return { code, severity: words.severities[severity], package: name };
  }

  function outcome({ apv_code: code, decision, reviewer_name: reviewer }) {
    const told = words.outcomes[decision] ?? decision;
    return { code, outcome: told, reviewer };
  }

  function trace(text, kind) {
    const place = document.getElementById("trace");
    place.textContent = text;
    place.title = text;
    announce(text, kind);
  }

  function showTrouble(failing) {
    document.getElementById("trouble").hidden = !failing;
  }

  /** Enter in the search opens the APV whose code was typed, if it is in no row here. */
  function openExact(event) {
    if (event.target.id === "filters") document.getElementById("exact")?.click();
  }

  /** A link may lead to an APV far down in the list: show its row. */
  function showOpenRow() {
    const row = list().querySelector("[aria-current]")?.closest("tr");
    if (!row || !isOutOfSight(row)) return;
    const frame = list().getBoundingClientRect();
    list().scrollTop += row.getBoundingClientRect().top - frame.top - frame.height / 2;
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("#news")) letIn();
  });
  document.addEventListener("submit", openExact);
  showOpenRow();
  adopt();

  return {
    positions: positions(),
    changed,
    on: { new_apv: arrive, decision_made: decide, stats_update: count },
    reload,
    adopt,
    letIn,
    tidy,
    markOpen,
    neighbour,
    after,
  };
}
