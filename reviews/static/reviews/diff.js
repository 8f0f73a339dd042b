/** The files of a diff: viewed ones are folded, and this browser remembers them. */

import { all, one, targetOf } from "./dom.js";

const KEY = "hitl:viewed";
const MOST_DIFFS = 200; // the oldest are forgotten

/** @typedef {Map<string | undefined, string[]>} Viewed diff → its files that were viewed */

/** @returns {Viewed} */
function kept() {
  try {
    return new Map(JSON.parse(localStorage.getItem(KEY) ?? "[]"));
  } catch {
    return new Map(); // empty, or not our data
  }
}

/** @param {Viewed} diffs */
function keep(diffs) {
  try {
    localStorage.setItem(KEY, JSON.stringify([...diffs].slice(-MOST_DIFFS)));
  } catch {
    // Full or forbidden: the marks last as long as the page.
  }
}

/** @param {HTMLElement} sections */
function viewedFiles(sections) {
  return new Set(kept().get(sections.dataset.viewedAs));
}

/**
 * Remember that a file was viewed, or must be viewed again.
 *
 * @param {Event} event
 */
function mark(event) {
  /** @type {HTMLInputElement | null | undefined} */
  const box = targetOf(event)?.closest("[data-viewed]");
  /** @type {HTMLElement | null | undefined} */
  const sections = box?.closest("[data-viewed-as]");
  if (!box || !sections) return;
  const viewed = viewedFiles(sections);
  viewed[box.checked ? "add" : "delete"](box.dataset.viewed ?? "");
  const diffs = kept();
  diffs.delete(sections.dataset.viewedAs); // the newest comes last
  if (viewed.size) diffs.set(sections.dataset.viewedAs, [...viewed]);
  keep(diffs);
  detailsOf(box).open = !box.checked;
  count(sections, viewed);
}

/**
 * @param {HTMLElement} box
 * @returns {HTMLDetailsElement}
 */
function detailsOf(box) {
  return one(/** @type {HTMLElement} */ (box.closest(".file")), "details");
}

/**
 * @param {HTMLElement} sections
 * @param {Set<string>} viewed
 */
function count(sections, viewed) {
  for (const item of all(document, "#diff [data-listed]")) {
    item.classList.toggle("was-viewed", viewed.has(item.dataset.listed ?? ""));
  }
  for (const place of all(document, "#diff .viewed-count")) {
    place.textContent = (place.dataset.text ?? "")
      .replace("VIEWED", String(viewed.size))
      .replace("TOTAL", sections.dataset.total ?? "");
  }
}

/** Fold viewed files in a diff that has just loaded. */
function adopt() {
  const [sections] = all(document, "#diff [data-viewed-as]");
  if (!sections || sections.dataset.adopted) return;
  sections.dataset.adopted = "";
  const viewed = viewedFiles(sections);
  /** @type {HTMLInputElement[]} */
  const boxes = all(sections, "[data-viewed]");
  for (const box of boxes) {
    box.checked = viewed.has(box.dataset.viewed ?? "");
    if (box.checked) detailsOf(box).open = false;
  }
  count(sections, viewed);
}

/**
 * A link to a file unfolds it.
 *
 * @param {Event} event
 */
function unfold(event) {
  /** @type {HTMLAnchorElement | null | undefined} */
  const link = targetOf(event)?.closest('#diff a[href^="#file-"]');
  /** @type {HTMLDetailsElement | null} */
  const details = link ? document.querySelector(`${link.hash} > details`) : null;
  if (details) details.open = true;
}

document.addEventListener("change", mark);
document.addEventListener("click", unfold);
document.addEventListener("htmx:load", adopt);
adopt();
