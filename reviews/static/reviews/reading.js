/** The APV that is open: its tabs, and what is said when it changes while it is being read. */

import { read } from "./fragment.js";
import { showTimes } from "./times.js";
import { revealed } from "./unseen.js";
import { capitalised, say, toast, watch, words } from "./words.js";

const YEAR_SECONDS = 31_536_000;
const listed = new Intl.ListFormat(document.documentElement.lang);

const thisTab = [...crypto.getRandomValues(new Uint8Array(16))]
  .map((byte) => byte.toString(16).padStart(2, "0"))
  .join(""); // the reader may have several, and leave one

/**
 * `decision` is told, in words, that the APV that is open was decided, closed or changed by others;
 * `changed` hears the number of the last change to any APV.
 */
export function readingPage(endsLine, decision, changed) {
  let last; // where it was said last that an APV is being read
  const reading = () => document.getElementById("reading");
  const tabs = () => [...document.querySelectorAll("#tabs [data-tab]")];

  // -- Tabs ----------------------------------------------------------------------------------

  function adopt() {
    if (!document.getElementById("tabs")) return;
    document.getElementById("tabs").setAttribute("role", "tablist");
    for (const tab of tabs()) {
      const panel = document.getElementById(`panel-${tab.dataset.tab}`);
      tab.setAttribute("role", "tab");
      tab.setAttribute("aria-controls", panel.id);
      panel.setAttribute("role", "tabpanel");
      panel.tabIndex = 0;
    }
    const asked = tabs().find((tab) => tab.hash === location.hash);
    choose(asked ?? tabs().find((tab) => tab.classList.contains("chosen")), { keep: false });
    showTimes(reading());
    const { reading: address } = reading().dataset;
    if (last && last !== address) leave(last);
    last = address;
    beatOrEnd();
  }

  function choose(chosen, { keep = true } = {}) {
    for (const tab of tabs()) {
      const isChosen = tab === chosen;
      tab.classList.toggle("chosen", isChosen);
      tab.setAttribute("aria-selected", isChosen);
      tab.tabIndex = isChosen ? 0 : -1;
      document.getElementById(`panel-${tab.dataset.tab}`).classList.toggle("chosen", isChosen);
    }
    if (keep) {
      // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API needs HTTPS
      document.cookie = `hitl_tab=${chosen.dataset.tab}; path=/; max-age=${YEAR_SECONDS}; SameSite=Lax`;
    }
  }

  /** Show the tab of this number, from 1; says whether there is one. */
  function show(number) {
    const tab = tabs()[number - 1];
    if (tab) choose(tab);
    return Boolean(tab);
  }

  function turn(event) {
    const all = tabs();
    const at = all.indexOf(event.target.closest("[role=tab]"));
    const to = {
      ArrowRight: (at + 1) % all.length,
      ArrowLeft: (at - 1 + all.length) % all.length,
      Home: 0,
      End: all.length - 1,
    }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    choose(all[to]);
    all[to].focus();
  }

  function follow(event) {
    const link = event.target.closest('a[href^="#panel-"]');
    if (!link) return;
    event.preventDefault();
    const tab = tabs().find((one) => one.hash === link.hash);
    choose(tab);
    if (link !== tab) tab.focus();
  }

  // -- While it is read ------------------------------------------------------------------------

  function decided(message) {
    const { apvId, positions } = reading()?.dataset ?? {};
    if (message.apv_id !== apvId || !("open" in reading().dataset)) return;
    if (message.offset <= (JSON.parse(positions).decisions?.offset ?? 0)) return;
    const outcome = words.outcomes[message.decision] ?? message.decision;
    const text = say(words.whileReading, {
      code: message.apv_code,
      outcome,
      reviewer: message.reviewer_name,
    });
    const notice = document.getElementById("decided-meanwhile");
    notice.querySelector("span").textContent = text;
    notice.querySelector("button").hidden = message.decision !== "escalate"; // leads go on
    notice.hidden = false;
    reading().querySelector(".head .tag").textContent = capitalised(outcome);
    decision.overtaken(text);
  }

  /** Say every few seconds that this APV is being read; hear who else does, and how it stands. */
  async function beat() {
    const { reading: address, apvId } = reading()?.dataset ?? {};
    const isRead = address && location.pathname.startsWith("/apvs/") && !document.hidden;
    if (!isRead) {
      showReaders([]);
      if (!document.hidden) await look();
      return;
    }
    const now = await (await read(address, { method: "POST", body: token() })).json();
    if (reading()?.dataset.apvId === apvId) {
      showReaders(now.others.map(revealed));
      compare(now);
    }
    changed(now.changes);
  }

  function token() {
    const form = new FormData();
    const field = document.querySelector("#decide [name=csrfmiddlewaretoken]");
    form.set("csrfmiddlewaretoken", field?.value ?? "");
    form.set("tab", thisTab);
    return form;
  }

  function showReaders(names) {
    const text = names.length
      ? say(names.length > 1 ? words.areReading : words.isReading, { name: listed.format(names) })
      : "";
    const place = document.getElementById("readers");
    if (place.textContent !== text) place.textContent = text;
  }

  /** Tell the others at once; a page that cannot is forgotten a few seconds later. */
  function leave(address = reading()?.dataset.reading) {
    if (!address || !location.pathname.startsWith("/apvs/")) return;
    const form = token();
    form.set("left", "");
    navigator.sendBeacon(address, form);
  }

  function beatOrEnd() {
    beat().catch((error) => {
      if (!endsLine(error)) showReaders([]); // it is not known any more
    });
  }

  async function look() {
    const { state, apvId } = reading()?.dataset ?? {};
    if (!state) return;
    const now = await (await read(state)).json();
    if (reading()?.dataset.apvId === apvId) compare(now);
    changed(now.changes);
  }

  function compare({ version, open, status }) {
    if (version === Number(reading().dataset.version)) return;
    if (!document.getElementById("decided-meanwhile").hidden) return; // that says it already
    if (!open && "open" in reading().dataset) closed(status);
    else showChanged();
  }

  /** It was withdrawn, or decided by somebody of whom nothing was heard yet. */
  function closed(status) {
    if (decision.isSending()) return; // its answer will tell
    const { code } = reading().dataset;
    const text = say(words.closed, { code, outcome: status });
    const notice = document.getElementById("decided-meanwhile");
    notice.querySelector("span").textContent = text;
    notice.querySelector("button").hidden = false;
    notice.hidden = false;
    reading().querySelector(".head .tag").textContent = capitalised(status);
    decision.overtaken(text, words.isClosed);
  }

  function showChanged() {
    decision.outdated(words.changed);
    const notice = document.getElementById("changed");
    notice.querySelector("span").textContent = words.changed;
    notice.hidden = false;
  }

  // -- The diff ----------------------------------------------------------------------------------

  async function copy(event) {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    try {
      const text = await (await read(button.dataset.copy)).text();
      await navigator.clipboard.writeText(text);
      toast(words.copied);
    } catch (error) {
      endsLine(error);
      toast(words.notCopied);
    }
  }

  document.addEventListener("keydown", (event) => {
    if (event.target.closest?.("#tabs")) turn(event);
  });
  document.addEventListener("click", follow);
  document.addEventListener("click", copy);
  document.addEventListener("visibilitychange", () => (document.hidden ? leave() : beatOrEnd()));
  addEventListener("pagehide", () => leave());
  setInterval(beatOrEnd, watch.beat);
  adopt();

  return { adopt, show, look, on: { decision_made: decided } };
}
