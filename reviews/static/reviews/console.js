/** Keeps the page current: connects it to the socket, and its parts to each other. */

import { connect } from "../realtime/socket.js";
import { countAlike } from "./alike.js";
import { decisionForm } from "./decision.js";
import { filterChoices } from "./filters.js";
import { read, readElement, SignedOut } from "./fragment.js";
import { keys } from "./keys.js";
import { queuePage } from "./queue.js";
import { readingPage } from "./reading.js";
import { suggestions } from "./suggest.js";
import { setClock } from "./times.js";
import { revealedAll } from "./unseen.js";
import { say, toast, watch, words } from "./words.js";

function start(main) {
  let line;
  const endsLine = (error) => {
    if (error instanceof SignedOut) line.refuse();
    return error instanceof SignedOut;
  };
  const queue = queuePage(endsLine);
  const decision = decisionForm({
    show: (part) => globalThis.htmx.swap("#reading", part, { swapStyle: "outerHTML" }),
    signedOut: () => line.refuse(),
  });
  const reading = readingPage(endsLine, decision, queue.changed);
  keys(queue, reading, decision);
  suggestions((place) => {
    const reason = decision.suggest(place);
    if (reason) toast(reason);
  });
  filterChoices();
  const alike = countAlike(endsLine);

  const plotted = () => document.querySelector("#numbers figure");
  const numbers = () => import("./numbers.js"); // many readers never scroll down to them

  // -- The line --------------------------------------------------------------------------------

  function open(positions) {
    line = connect({
      url: main.dataset.socket,
      channels: watch.channels,
      positions,
      snapshot: true,
      onMessage: take,
      onTime: setClock,
      onStatus: showStatus,
      onForbidden: () => (document.getElementById("narrowed").hidden = false),
      onReload: () =>
        reload().catch((error) => {
          endsLine(error);
          throw error; // the line tries again, unless it has ended
        }),
    });
  }

  function take(told) {
    const message = revealedAll(told);
    queue.on[message.type]?.(message);
    reading.on[message.type]?.(message);
    alike.on[message.type]?.(message);
    if (message.type === "stats_update" && plotted())
      numbers().then((they) => they.numbersChanged());
  }

  async function reload() {
    const positions = await queue.reload();
    reading.look().catch(endsLine); // it may have been removed meanwhile
    return positions;
  }

  function showStatus(status) {
    const place = document.getElementById("line");
    document.body.dataset.line = status;
    place.dataset.status = status;
    place.textContent = words.line[status];
    document.getElementById("signed-out").hidden = status !== "refused";
    document.getElementById("retry").hidden = status !== "stale" && status !== "offline";
    if (status === "live") document.getElementById("unread").hidden = true;
  }

  /** The reader may have signed in again in another tab: go on where the line ended. */
  async function comeBack() {
    if (line.status !== "refused" || document.visibilityState !== "visible") return;
    try {
      await read(`${document.getElementById("list").dataset.rows}?ids=`);
      await renewToken();
    } catch {
      return; // not yet
    }
    open(line.positions);
  }

  async function renewToken() {
    const fresh = await readElement(location.href, "[name=csrfmiddlewaretoken]");
    for (const field of document.querySelectorAll("[name=csrfmiddlewaretoken]")) {
      field.value = fresh.value;
    }
  }

  // -- Parts that come by htmx -------------------------------------------------------------------

  function adopt({ detail: { elt } }) {
    if (elt === document.body) return;
    const holds = (id) => elt.id === id || elt.querySelector(`#${id}`);
    if (holds("list")) queue.adopt();
    if (plotted()?.contains(elt) || elt.closest("#numbers"))
      numbers().then((they) => they.showNumbers());
    if (holds("reading")) {
      reading.adopt();
      decision.adopt();
      showOpen();
    }
  }

  function showOpen() {
    const { code } = document.getElementById("reading").dataset;
    document.body.classList.toggle("opened", location.pathname.startsWith("/apvs/"));
    queue.markOpen(code);
  }

  function isPart(address) {
    return new URL(address, location.href).pathname !== "/sign-in";
  }

  const asksForAPV = ({ target, requestConfig }) =>
    target.id === "reading" && requestConfig.verb === "get";

  /** What was asked for could not be read, which says nothing of any decision. */
  function unread({ detail }) {
    const isAPV = asksForAPV(detail);
    const code = detail.pathInfo.requestPath.match(/APV-[\d-]+/)?.[0] ?? "";
    const notice = document.getElementById("unread");
    notice.textContent = say(isAPV ? words.apvUnread : words.partUnread, { code });
    notice.hidden = false;
  }

  /** The request itself tells its end: the row that it came from may be gone by then. */
  function beforeRequest({ detail }) {
    if (!asksForAPV(detail)) return;
    const before = document.getElementById("reading");
    decision.leave();
    detail.xhr.addEventListener("loadend", () =>
      decision.arrive(document.getElementById("reading") !== before),
    );
  }

  function beforeSwap({ detail }) {
    const { xhr, target } = detail;
    if (!isPart(xhr.responseURL)) {
      detail.shouldSwap = false; // the session has ended: this is the sign-in page
      line.refuse();
    } else if (xhr.status >= 400) {
      detail.shouldSwap =
        xhr.response.includes(`id="${target.id}"`) && !xhr.response.includes("<html");
      detail.isError = !detail.shouldSwap;
      if (detail.isError) toast(xhr.status === 429 ? words.tooMuch : words.failed);
    }
  }

  /** Back and forward: only the APV changes, unless another list was shown. */
  function goBack(event) {
    const { path } = event.detail;
    const query = new URL(path, location.href).search;
    if (query !== document.getElementById("list").dataset.kept) return;
    event.preventDefault();
    globalThis.htmx.ajax("GET", path, { target: "#reading", swap: "outerHTML" });
  }

  /** After a decision the next APV opens, so that a reviewer can go on. */
  function decided({ detail }) {
    decision.forgetDraft(detail.code);
    toast(detail.text);
    const next = queue.after(detail.code);
    queue.tidy();
    if (next && document.getElementById("reading").dataset.code === detail.code) {
      next.click();
      focusNext = true;
    }
  }

  function goOn(event) {
    if (!event.target.closest("#next")) return;
    const next = queue.after(document.getElementById("reading").dataset.code);
    if (!next) {
      toast(words.noNext);
      return;
    }
    focusNext = true;
    next.click();
    scrollTo(0, 0);
    document.getElementById("reading").scrollTop = 0;
  }

  let focusNext = false;

  function focusReading() {
    if (!focusNext) return;
    focusNext = false;
    document.getElementById("reading-title")?.focus({ preventScroll: true });
  }

  document.addEventListener("htmx:load", adopt);
  document.addEventListener("htmx:beforeRequest", beforeRequest);
  document.addEventListener("htmx:beforeSwap", beforeSwap);
  for (const trouble of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(trouble, unread);
  }
  document.addEventListener(
    "htmx:afterSwap",
    () => (document.getElementById("unread").hidden = true),
  );
  document.getElementById("retry").addEventListener("click", () => line.retry());
  document.addEventListener("htmx:historyCacheMiss", goBack);
  document.addEventListener("htmx:afterSettle", focusReading);
  document.addEventListener("htmx:pushedIntoHistory", showOpen);
  document.addEventListener("decided", decided);
  document.addEventListener("click", goOn);
  document.addEventListener("visibilitychange", comeBack);
  addEventListener("focus", comeBack);
  open(queue.positions);
}

const main = document.querySelector("main[data-watch]");
if (main) start(main);
