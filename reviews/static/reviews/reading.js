/** The APV that is open: its tabs, and what is said when it changes while it is being read. */

import { read } from "./fragment.js";
import { showTimes } from "./times.js";
import { say, toast, words } from "./words.js";

const LOOK_MS = 15_000; // between two looks whether the APV changed, while others change
const YEAR_SECONDS = 31_536_000;

export function readingPage(endsLine) {
  let looking;
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
    const notice = document.getElementById("decided-meanwhile");
    notice.textContent = say(words.whileReading, {
      code: message.apv_code,
      outcome,
      reviewer: message.reviewer_name,
    });
    notice.hidden = false;
  }

  /** Something changed somewhere: look now and then whether it was this APV. */
  function lookSoon() {
    if (!reading()?.dataset.state || !("open" in reading().dataset)) return;
    looking ??= setTimeout(() => {
      looking = undefined;
      look().catch(endsLine);
    }, LOOK_MS * (0.5 + Math.random()));
  }

  async function look() {
    const { state, version, apvId } = reading()?.dataset ?? {};
    if (!state) return;
    const now = await (await read(state)).json();
    const stillOpen = reading()?.dataset.apvId === apvId;
    if (!stillOpen || now.version === Number(version)) return;
    if (!document.getElementById("decided-meanwhile").hidden) return; // that says it already
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
  adopt();

  return { adopt, show, look, on: { decision_made: decided, stats_update: lookSoon } };
}
