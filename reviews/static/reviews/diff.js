/** The files of a diff: those that were viewed are folded, and this browser keeps which they are. */

const KEY = "hitl:viewed";
const MOST_DIFFS = 200; // the oldest are forgotten

function kept() {
  try {
    return new Map(JSON.parse(localStorage.getItem(KEY)) ?? []);
  } catch {
    return new Map(); // nothing, or nothing of ours
  }
}

function keep(diffs) {
  try {
    localStorage.setItem(KEY, JSON.stringify([...diffs].slice(-MOST_DIFFS)));
  } catch {
    // Full or forbidden: the marks last as long as the page.
  }
}

function viewedFiles(sections) {
  return new Set(kept().get(sections.dataset.viewedAs));
}

/** Note that a file was viewed, or is to be viewed again. */
function mark({ target }) {
  const box = target.closest?.("[data-viewed]");
  if (!box) return;
  const sections = box.closest("[data-viewed-as]");
  const viewed = viewedFiles(sections);
  viewed[box.checked ? "add" : "delete"](box.dataset.viewed);
  const diffs = kept();
  diffs.delete(sections.dataset.viewedAs); // the newest comes last
  if (viewed.size) diffs.set(sections.dataset.viewedAs, [...viewed]);
  keep(diffs);
  box.closest(".file").querySelector("details").open = !box.checked;
  count(sections, viewed);
}

function count(sections, viewed) {
  for (const item of document.querySelectorAll("#diff [data-listed]")) {
    item.classList.toggle("was-viewed", viewed.has(item.dataset.listed));
  }
  const place = document.querySelector("#diff .viewed-count");
  if (!place) return;
  const { total } = sections.dataset;
  place.textContent = place.dataset.text.replace("VIEWED", viewed.size).replace("TOTAL", total);
}

/** Fold what was viewed before, in a diff that has just come. */
function adopt() {
  const sections = document.querySelector("#diff [data-viewed-as]");
  if (!sections || sections.dataset.adopted) return;
  sections.dataset.adopted = "";
  const viewed = viewedFiles(sections);
  for (const box of sections.querySelectorAll("[data-viewed]")) {
    box.checked = viewed.has(box.dataset.viewed);
    if (box.checked) box.closest(".file").querySelector("details").open = false;
  }
  count(sections, viewed);
}

/** A link to a file unfolds it. */
function unfold({ target }) {
  const link = target.closest?.('#diff a[href^="#file-"]');
  const details = link && document.querySelector(`${link.hash} > details`);
  if (details) details.open = true;
}

document.addEventListener("change", mark);
document.addEventListener("click", unfold);
document.addEventListener("htmx:load", adopt);
adopt();
