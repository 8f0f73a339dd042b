/** The tabs above the evidence: one panel shows at a time, and a cookie keeps which. */

import { all, byId, targetOf } from "../dom.js";

const YEAR_SECONDS = 31_536_000;

/** @returns {HTMLAnchorElement[]} */
const every = () => all(document, "#tabs [data-tab]");
/** @param {HTMLElement} tab */
const panelOf = (tab) => byId(`panel-${tab.dataset.tab}`);

/** Take over the tabs of an APV that was opened. */
function adopt() {
  byId("tabs").setAttribute("role", "tablist");
  for (const tab of every()) {
    const panel = panelOf(tab);
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", panel.id);
    panel.setAttribute("role", "tabpanel");
    panel.tabIndex = 0;
  }
  const asked = every().find((tab) => tab.hash === location.hash);
  choose(asked ?? every().find((tab) => tab.classList.contains("chosen")), { keep: false });
}

/**
 * @param {HTMLElement | undefined} chosen
 * @param {{ keep?: boolean }} [options]
 */
function choose(chosen, { keep = true } = {}) {
  for (const tab of every()) {
    const isChosen = tab === chosen;
    tab.classList.toggle("chosen", isChosen);
    tab.setAttribute("aria-selected", String(isChosen));
    tab.tabIndex = isChosen ? 0 : -1;
    panelOf(tab).classList.toggle("chosen", isChosen);
  }
  if (keep && chosen) {
    // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API needs HTTPS
    document.cookie = `hitl_tab=${chosen.dataset.tab}; path=/; max-age=${YEAR_SECONDS}; SameSite=Lax`;
  }
}

/**
 * Show the tab of this number.
 *
 * @param {number} number from 1
 * @returns {boolean} whether there is one
 */
function show(number) {
  const tab = every()[number - 1];
  if (tab) choose(tab);
  return Boolean(tab);
}

/** @param {KeyboardEvent} event */
function turn(event) {
  /** @type {HTMLAnchorElement | null | undefined} */
  const target = targetOf(event)?.closest("#tabs [role=tab]");
  const tabs = every();
  const at = target ? tabs.indexOf(target) : -1;
  /** @type {Record<string, number>} */
  const goals = {
    ArrowRight: (at + 1) % tabs.length,
    ArrowLeft: (at - 1 + tabs.length) % tabs.length,
    Home: 0,
    End: tabs.length - 1,
  };
  const next = tabs[goals[event.key] ?? -1];
  if (at < 0 || !next) return;
  event.preventDefault();
  choose(next);
  next.focus();
}

/** @param {Event} event */
function follow(event) {
  /** @type {HTMLAnchorElement | null | undefined} */
  const link = targetOf(event)?.closest('a[href^="#panel-"]');
  if (!link) return;
  event.preventDefault();
  const tab = every().find((one) => one.hash === link.hash);
  choose(tab);
  if (link !== tab) tab?.focus();
}

/**
 * A link whose answer comes into another panel shows that.
 *
 * @param {Event} event
 */
function showPanel(event) {
  /** @type {HTMLElement | null | undefined} */
  const link = targetOf(event)?.closest("[data-shows]");
  const tab = every().find((one) => one.dataset.tab === link?.dataset.shows);
  if (tab) choose(tab);
}

document.addEventListener("keydown", turn);
document.addEventListener("click", follow);
document.addEventListener("click", showPanel);

export const tabs = { adopt, show };
