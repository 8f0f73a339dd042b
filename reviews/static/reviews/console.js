/** Keeps the page current: connects it to the socket, and its parts to each other. */

import { connect } from "../realtime/socket.js";
import { decisionForm } from "./decision.js";
import { all, byId, one, targetOf } from "./dom.js";
import { filterChoices } from "./filters.js";
import { isAtApv, read, readElement, SignedOut } from "./fragment.js";
import { revealedAll } from "./invisible_characters.js";
import { keys } from "./keys.js";
import { once } from "./once.js";
import { queuePage } from "./queue.js";
import { readingPage } from "./reading.js";
import { setClock, showTimes } from "./times.js";
import { say, toast, watch, words } from "./words.js";
import "./diff.js";

/** @typedef {import("../realtime/socket.js").Positions} Positions */
/** @typedef {import("../realtime/socket.js").Status} Status */
/** @typedef {ReturnType<typeof import("./undo.js").undoBar>} UndoBar */
/** @typedef {ReturnType<typeof import("./many.js").manyAtOnce>} Many */

const LATER_MS = 1_000; // after the page is connected, what only helps is loaded

/** @param {HTMLElement} main */
function start(main) {
  /** @type {ReturnType<typeof connect>} */
  let line;
  /** @type {EndsLine} */
  const endsLine = (error) => {
    if (error instanceof SignedOut) line.refuse();
    return error instanceof SignedOut;
  };
  /** @param {unknown} error why what the reader asked for is not there */
  const notRead = (error) => {
    if (!endsLine(error)) toast(words.partUnread);
  };
  const queue = queuePage(endsLine);
  const decision = decisionForm({
    show: (part) => window.htmx.swap("#reading", part, { swapStyle: "outerHTML" }),
    signedOut: () => line.refuse(),
  });
  const reading = readingPage(endsLine, decision, queue.changed);
  keys(queue, reading, decision, {
    undo: () => withBar((bar) => bar.undo()).catch(notRead),
    withMany,
  });
  filterChoices();
  /** @param {ClaimChanged | AssignmentChanged} told */
  const tell = (told) => withTeam((team) => team.tell(told));
  /** @param {CommentChanged} told */
  const comment = (told) => withComments(({ tell }) => tell(told));
  /** @type {Listeners[]} */
  const listeners = [
    { claim_changed: tell, assignment_changed: tell, comment_changed: comment },
    { deadline_changed: withDue, deadlines_recounted: withDue },
    ...[queue.on, reading.on, { stats_update: showPlots }],
    ...[{ new_apv: countRelated, decision_made: countRelated }, { decision_made: lookAtOwn }],
    { new_apv: countViews, decision_made: countViews, apv_changed: countViews },
    { claim_changed: countViews, assignment_changed: countViews, comment_changed: countViews },
    { deadline_changed: countViews, deadlines_recounted: countViews },
  ];

  // -- The connection --------------------------------------------------------------------------

  /** @param {Positions} positions */
  function open(positions) {
    line = connect({
      url: main.dataset.socket ?? "",
      channels: watch.channels,
      positions,
      snapshot: true,
      onMessage: receive,
      onTime: setClock,
      onStatus: (status) => {
        showStatus(status);
        if (status === "live") readAhead();
      },
      onForbidden: () => {
        byId("narrowed").hidden = false;
      },
      onReload: () =>
        reload().catch((error) => {
          endsLine(error);
          throw error; // the connection tries again, unless it has ended
        }),
    });
  }

  /** @param {Parameters<NonNullable<Listeners[keyof Listeners]>>[0]} told */
  function receive(told) {
    const message = revealedAll(told);
    ahead?.hear(message);
    for (const on of listeners) {
      /** @type {((message: any) => void) | undefined} */
      const listener = on[message.type];
      listener?.(message);
    }
  }

  async function reload() {
    ahead?.readSoon(); // events were missed
    const positions = await queue.reload();
    reading.look().catch(endsLine); // it may have been removed meanwhile
    return positions;
  }

  /** The reader may have signed in again in another tab: resume the connection. */
  async function comeBack() {
    if (line.status !== "refused" || document.visibilityState !== "visible") return;
    try {
      await read(`${byId("list").dataset.rows}?ids=`);
      await renewToken();
    } catch {
      return; // not yet
    }
    open(line.positions);
  }

  // -- Parts that come by htmx -------------------------------------------------------------------

  /** @param {CustomEvent<{ elt: Element }>} event */
  function adopt({ detail: { elt } }) {
    if (elt === document.body) return;
    /** @param {string} id */
    const holds = (id) => elt.id === id || elt.querySelector(`#${id}`);
    if (holds("list")) {
      queue.adopt();
      countViews();
    }
    if (plotted()?.contains(elt) || elt.closest("#numbers")) {
      numbers().then(({ showNumbers }) => showNumbers());
    }
    if (elt.closest("#diff")) showTimes(elt);
    if (holds("reading")) {
      reading.adopt();
      decision.adopt();
      showOpen();
      ahead?.readSoon();
    }
  }

  function showOpen() {
    document.body.classList.toggle("opened", isAtApv());
    queue.markOpen(openCode());
  }

  /**
   * Listen to the request itself: the row that sent it may be gone at its end.
   *
   * @param {CustomEvent<Requested>} event
   */
  function beforeRequest(event) {
    const { detail } = event;
    if (!asksForApv(detail)) {
      ahead?.readSoon(); // what is sent may change it
      return;
    }
    const before = byId("reading");
    decision.leave();
    const path = detail.pathInfo.requestPath;
    const known = ahead?.take(path);
    if (known) {
      event.preventDefault();
      showAtOnce(path, known);
      return;
    }
    const arrive = () => decision.arrive(byId("reading") !== before);
    // If the next request replaces this one, that is on its way before this one counts as ended.
    detail.xhr.addEventListener("loadend", () => queueMicrotask(arrive));
  }

  /**
   * Show an APV that was read ahead, as htmx would show the answer to a request.
   *
   * @param {string} path
   * @param {import("./next_apv.js").Ahead} known
   */
  function showAtOnce(path, { text, isDated }) {
    history.replaceState({ htmx: true }, "");
    history.pushState({ htmx: true }, "", path);
    window.htmx.swap("#reading", text, { swapStyle: "outerHTML" });
    // Until it is on the screen, a key is about the APV that comes.
    requestAnimationFrame(() => setTimeout(() => decision.arrive(true)));
    if (isDated) countRelated();
  }

  /** @param {CustomEvent<Swapped>} event */
  function beforeSwap({ detail }) {
    const { xhr, target } = detail;
    // A row that asked says how to swap, but may have been replaced meanwhile.
    if (target.id === "reading") detail.swapOverride = "outerHTML";
    if (!isPart(xhr.responseURL)) {
      detail.shouldSwap = false; // the session has ended: this is the sign-in page
      line.refuse();
    } else if (xhr.status >= 400) {
      const { response } = xhr;
      detail.shouldSwap = response.includes(`id="${target.id}"`) && !response.includes("<html");
      detail.isError = !detail.shouldSwap;
      if (detail.isError) toast(xhr.status === 429 ? words.tooMuch : words.failed);
    }
  }

  // -- The next APV ------------------------------------------------------------------------------

  /** @type {ReturnType<typeof import("./next_apv.js").nextApv> | undefined} */
  let ahead;

  /** Read the next APV before it is asked for; the page itself comes first. */
  function readAhead() {
    if (ahead) ahead.readSoon();
    else setTimeout(() => loadAhead().catch(endsLine), LATER_MS);
  }

  async function loadAhead() {
    const { nextApv } = await import("./next_apv.js");
    ahead ??= nextApv(() => queue.after(openCode()));
    ahead.readSoon();
  }

  // -- Going on ----------------------------------------------------------------------------------

  /**
   * Open the next APV after a decision, so that a reviewer can continue.
   *
   * @param {CustomEvent<Recorded>} event
   */
  function decided({ detail }) {
    decision.forgetDraft(detail.code);
    const { undo, text } = detail;
    if (undo) offerUndo(undo, text);
    else toast(text);
    const next = queue.after(detail.code);
    queue.tidy();
    if (next && openCode() === detail.code) goTo(next);
  }

  /**
   * Open an APV from its beginning, with the focus on its title.
   *
   * @param {HTMLAnchorElement} link
   */
  function goTo(link) {
    focusNext = true;
    link.click();
    scrollTo(0, 0);
    byId("reading").scrollTop = 0;
  }

  /** @param {Event} event */
  function goOn(event) {
    const button = targetOf(event)?.closest("#next");
    if (!button) return;
    const form = button.closest("form");
    if (form) {
      event.preventDefault();
      withTeam((team) => team.next(form, () => (focusNext = true)), notRead);
      return;
    }
    const next = queue.after(openCode());
    if (!next) {
      toast(words.noNext);
      return;
    }
    goTo(next);
  }

  const loadLineTools = once(() =>
    import("./line_tools.js").then(({ lineTools }) => lineTools(suggest)),
  );

  /**
   * Offer to comment and to suggest changes at the lines of the diff, once somebody comes to it.
   *
   * @param {Event} event
   */
  function offerLineTools(event) {
    const target = targetOf(event);
    if (target?.closest("#comments, .talk")) withComments(() => {});
    if (!target?.closest("#panel-patch, #tabs")) return; // the panel comes after its tab
    if (!document.querySelector("#decision-form, #line-comment")) return;
    loadLineTools().catch(endsLine);
  }

  /** @param {string} place */
  function suggest(place) {
    const reason = decision.suggest(place);
    if (reason) toast(reason);
  }

  const loadMany = once(() =>
    import("./many.js").then(({ manyAtOnce }) => manyAtOnce({ endsLine })),
  );

  /** @param {(many: Many) => unknown} act */
  function withMany(act) {
    return loadMany().then(act, withoutMany).catch(endsLine);
  }

  /** @param {unknown} error */
  function withoutMany(error) {
    document.body.classList.remove("selecting");
    notRead(error);
  }

  /**
   * Offer texts to begin a justification with: by its link, or by a slash while it is empty.
   *
   * @param {MouseEvent | KeyboardEvent} event
   */
  function offerTexts(event) {
    const target = targetOf(event);
    const field = target?.closest(".field");
    /** @type {HTMLAnchorElement | null | undefined} */
    const link = field?.querySelector("a.offer");
    const area = field?.querySelector("textarea");
    if (!link || !area || area.readOnly || event.ctrlKey || event.metaKey) return;
    const isMeant =
      event instanceof KeyboardEvent
        ? event.key === "/" && target === area && !area.value
        : link.contains(target);
    if (!isMeant) return;
    event.preventDefault();
    import("./templates.js").then(({ offer }) => offer(link, area)).catch(notRead);
  }

  function countViews() {
    if (!document.querySelector("#views a")) return;
    import("./saved_views.js").then(({ countSoon }) => countSoon(endsLine)).catch(endsLine);
  }

  function countRelated() {
    import("./related.js").then(({ countSoon }) => countSoon(endsLine)).catch(endsLine);
  }

  // -- Team --------------------------------------------------------------------------------------

  /**
   * @param {(team: typeof import("./team.js")) => unknown} act
   * @param {(error: unknown) => unknown} [failed]
   */
  function withTeam(act, failed = endsLine) {
    import("./team.js").then(act).catch(failed); // many readers work alone
  }

  /** @param {(comments: typeof import("./comments.js")) => unknown} act */
  function withComments(act) {
    import("./comments.js").then(act).catch(endsLine);
  }

  /** @param {DeadlineChanged | DeadlinesRecounted} told */
  function withDue({ type }) {
    import("./due.js")
      .then(({ readAgain, tick }) => (type === "deadline_changed" ? tick() : readAgain()))
      .catch(endsLine);
  }

  // -- Undo --------------------------------------------------------------------------------------

  const loadBar = once(async () => {
    const { undoBar } = await import("./undo.js");
    const bar = undoBar({ endsLine, opens: () => (focusNext = true) });
    listeners.push(bar.on);
    bar.offer(undoable());
    return bar;
  });

  /** @param {(bar: UndoBar) => void} act */
  async function withBar(act) {
    act(await loadBar());
  }

  /** What could be undone when the page was made, or since. @returns {Undoable | null} */
  const undoable = () => JSON.parse(byId("undo").dataset.undo ?? "null");

  /**
   * @param {Undoable} undo
   * @param {string} text
   */
  function offerUndo(undo, text) {
    byId("undo").dataset.undo = JSON.stringify(undo); // its key may have to read the script
    withBar((bar) => bar.offer(undo)).catch(() => toast(text));
  }

  /** @param {DecisionMade} message maybe of the reader in another tab */
  function lookAtOwn({ reviewer_name: name }) {
    if (name === watch.name) withBar((bar) => bar.lookSoon()).catch(endsLine);
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
  document.addEventListener("htmx:sendError", unread);
  document.addEventListener("htmx:timeout", unread);
  document.addEventListener("htmx:afterSwap", hideUnread);
  document.addEventListener("htmx:historyCacheMiss", goBack);
  document.addEventListener("htmx:afterSettle", focusReading);
  document.addEventListener("htmx:pushedIntoHistory", showOpen);
  document.addEventListener("decided", decided);
  document.addEventListener("click", goOn);
  document.addEventListener("click", offerTexts);
  document.addEventListener("keydown", offerTexts);
  document.addEventListener("pointerover", offerLineTools);
  document.addEventListener("focusin", offerLineTools);
  document.addEventListener("visibilitychange", comeBack);
  addEventListener("focus", comeBack);
  byId("retry").addEventListener("click", () => line.retry());
  if (undoable()) withBar(() => {}).catch(endsLine);
  if (document.getElementById("batch")) withMany(() => {});
  countViews();
  open(queue.positions);
}

const openCode = () => byId("reading").dataset.code;

/** @param {Status} status */
function showStatus(status) {
  const place = byId("line");
  document.body.dataset.line = status;
  place.dataset.status = status;
  place.textContent = words.line[status] ?? status;
  byId("signed-out").hidden = status !== "refused";
  byId("retry").hidden = status !== "stale" && status !== "offline";
  if (status === "live") hideUnread();
}

async function renewToken() {
  const name = "[name=csrfmiddlewaretoken]";
  /** @type {HTMLInputElement} */
  const fresh = await readElement(location.href, name);
  /** @type {HTMLInputElement[]} */
  const fields = all(document, name);
  for (const field of fields) field.value = fresh.value;
}

// -- Numbers -------------------------------------------------------------------------------------

const plotted = () => document.querySelector("#numbers figure");
const numbers = () => import("./numbers.js"); // many readers never scroll down to them

function showPlots() {
  if (plotted()) numbers().then(({ numbersChanged }) => numbersChanged());
}

// -- Requests of htmx ----------------------------------------------------------------------------

/** @param {Requested} request */
const asksForApv = ({ target, requestConfig }) =>
  target.id === "reading" && requestConfig.verb === "get";

/**
 * Whether the response is a part of the page, and not the sign-in page.
 *
 * @param {string} address
 */
function isPart(address) {
  /** @type {HTMLAnchorElement} */
  const signIn = one(document, "#signed-out a");
  return new URL(address, location.href).pathname !== signIn.pathname;
}

/**
 * A part could not be read, which does not concern any decision.
 *
 * @param {CustomEvent<Requested>} event
 */
function unread({ detail }) {
  const code = detail.pathInfo.requestPath.match(/APV-[\d-]+/)?.[0] ?? "";
  const notice = byId("unread");
  notice.textContent = say(asksForApv(detail) ? words.apvUnread : words.partUnread, { code });
  notice.hidden = false;
}

function hideUnread() {
  byId("unread").hidden = true;
}

/**
 * Back and forward: only the APV changes, unless another list was shown.
 *
 * @param {CustomEvent<{ path: string }>} event
 */
function goBack(event) {
  const { path } = event.detail;
  const query = new URL(path, location.href).search;
  if (query !== byId("list").dataset.kept) return;
  event.preventDefault();
  window.htmx.ajax("GET", path, { target: "#reading", swap: "outerHTML" });
}

/** @type {HTMLElement | null} */
const main = document.querySelector("main[data-watch]");
if (main) start(main);
