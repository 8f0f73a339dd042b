/**
 * Many at once: rows are selected, and acted on together. The selection outlives lists that are read
 * again; each APV keeps the version that was selected. Loaded with the first key or button for it.
 */

import { all, one, targetOf } from "./dom.js";
import { read, SignedOut } from "./fragment.js";
import { follow, HTMX, partOf } from "./many/progress.js";
import { standing } from "./queue/list.js";
import { announceNow, digits, say, toast, words } from "./words.js";

const ANSWER_MS = 30_000;
const STEPS = "#batch-form, #batch-question";

/** @typedef {HTMLTableRowElement} Row */
/** @typedef {{ name: string, value: string, count: number }} Chosen how many APVs a field chooses */

/** @param {{ endsLine: EndsLine }} options */
export function manyAtOnce({ endsLine }) {
  /** @type {Map<string, Chosen>} APV id, or that of a group → what a form sends */
  const chosen = new Map();
  /** @type {string | undefined} The APV that a range begins at. */
  let anchor;
  let isSending = false;

  /** @returns {HTMLFormElement | null} */
  const bar = () => /** @type {HTMLFormElement | null} */ (document.getElementById("many"));
  /** @returns {HTMLInputElement | null | undefined} */
  const everything = () => bar()?.querySelector("[name=all]");
  const isActive = () => document.body.classList.contains("selecting");
  const count = () =>
    everything()?.checked ? -1 : [...chosen.values()].reduce((sum, one) => sum + one.count, 0);

  // -- Selecting -------------------------------------------------------------------------------

  /** @param {Row} row */
  const boxOf = (row) =>
    /** @type {HTMLInputElement | null} */ (row.querySelector(".at-select input"));

  /**
   * Select the row with the focus, or what is between it and the one before; or start to select.
   *
   * @param {Row} [row]
   * @param {boolean} [isRange]
   */
  function toggle(row, isRange = false) {
    if (!bar()) {
      toast(words.notSelectable);
      return;
    }
    document.body.classList.add("selecting");
    const same = standing().find(({ dataset }) => dataset.apvId === row?.dataset.apvId);
    const box = same && boxOf(same); // the list may have been read again meanwhile
    if (box) pick(same, !box.checked || isRange, isRange);
    else show();
  }

  /**
   * @param {Row} row
   * @param {boolean} on
   * @param {boolean} isRange
   */
  function pick(row, on, isRange) {
    const every = standing();
    const from = every.findIndex((one) => one.dataset.apvId === anchor);
    const to = every.indexOf(row);
    const picked =
      isRange && from >= 0 ? every.slice(Math.min(from, to), Math.max(from, to) + 1) : [row];
    for (const one of picked) set(one, on);
    anchor = row.dataset.apvId;
    show();
  }

  /**
   * @param {Row} row
   * @param {boolean} on
   */
  function set(row, on) {
    const box = boxOf(row);
    const id = row.dataset.apvId ?? "";
    if (!box) return;
    const { name, value, dataset } = box;
    if (on) chosen.set(id, chosen.get(id) ?? { name, value, count: Number(dataset.count ?? 1) });
    else chosen.delete(id);
    box.checked = on;
  }

  function clear() {
    chosen.clear();
    anchor = undefined;
    const whole = everything();
    if (whole) whole.checked = false;
    for (const box of all(document, ".at-select input")) {
      /** @type {HTMLInputElement} */ (box).checked = false;
    }
    document.body.classList.remove("selecting");
    show();
  }

  function show() {
    const form = bar();
    if (!form) return;
    const size = count();
    const text = size < 0 ? words.allSelected : say(words.selected, { count: digits(size) });
    const place = one(form, ".selected");
    if (place.textContent !== text) place.textContent = text;
    /** @type {HTMLButtonElement[]} */
    const buttons = all(form, "[name=act]");
    for (const button of buttons) button.disabled = size === 0;
  }

  /** Continue with rows that are new on the page. */
  function adopt() {
    for (const row of standing()) {
      const box = boxOf(row);
      if (box) box.checked = chosen.has(row.dataset.apvId ?? "");
    }
    show();
  }

  // -- Asking ----------------------------------------------------------------------------------

  /** @returns {HTMLDialogElement} */
  function dialog() {
    const found = document.getElementById("many-dialog");
    if (found) return /** @type {HTMLDialogElement} */ (found);
    const made = document.createElement("dialog");
    made.id = "many-dialog";
    made.setAttribute("aria-labelledby", "many-title");
    document.body.append(made);
    made.addEventListener("submit", answered);
    made.addEventListener("click", (event) => {
      if (!targetOf(event)?.closest("[data-close]")) return;
      event.preventDefault();
      made.close();
    });
    made.addEventListener("keydown", (event) => {
      const isChord = event.key === "Enter" && (event.ctrlKey || event.metaKey);
      if (!isChord) return;
      event.preventDefault(); // the chord that asks must not answer too
      const form = made.querySelector("form");
      if (form?.id === "batch-form" && !event.repeat) form.requestSubmit();
    });
    return made;
  }

  /**
   * Begin to act on what is selected.
   *
   * @param {string} action
   */
  function act(action) {
    const form = bar();
    if (!form || count() === 0) return;
    const fields = new FormData(form);
    fields.delete("apv");
    fields.delete("group");
    for (const { name, value } of chosen.values()) fields.append(name, value);
    fields.set("decision", action);
    return send(form, fields);
  }

  /** @param {SubmitEvent} event */
  function answered(event) {
    const form = /** @type {HTMLFormElement} */ (event.target);
    event.preventDefault();
    send(form, new FormData(form, event.submitter));
  }

  /**
   * @param {HTMLFormElement} form
   * @param {FormData} fields
   */
  async function send(form, fields) {
    if (isSending) return;
    isSending = true;
    try {
      showAnswer(await post(form.action, fields));
    } catch (error) {
      if (!endsLine(error)) toast(words.failed);
    } finally {
      isSending = false;
    }
  }

  /** @param {string} text */
  function showAnswer(text) {
    const part = new DOMParser().parseFromString(text, "text/html");
    const step = part.querySelector(STEPS);
    if (step) {
      dialog().replaceChildren(document.adoptNode(step));
      if (!dialog().open) dialog().showModal();
      const focus = "[aria-invalid=true], .notice[tabindex], [autofocus]";
      /** @type {HTMLElement | null} */ (step.querySelector(focus))?.focus({ preventScroll: true });
      dialog().scrollTop = 0;
    } else {
      started(partOf(text));
    }
  }

  // -- Running ---------------------------------------------------------------------------------

  /** @param {HTMLElement} progress */
  function started(progress) {
    if (dialog().open) dialog().close();
    clear();
    document.getElementById("batch")?.remove();
    one(document, ".queue-foot").before(progress);
    watchBatch();
  }

  function watchBatch() {
    follow(document.getElementById("batch"), () => {
      const ended = document.querySelector("#batch p")?.textContent ?? "";
      announceNow(ended.replace(/\s+/g, " ").trim());
    });
  }

  // -- Events ----------------------------------------------------------------------------------

  document.addEventListener("click", (event) => {
    const box = targetOf(event);
    const row = box?.closest("tr");
    if (!row || !box?.matches(".at-select input")) return;
    document.body.classList.add("selecting");
    pick(row, /** @type {HTMLInputElement} */ (box).checked, event.shiftKey);
  });
  document.addEventListener("submit", (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (form === bar()) {
      event.preventDefault();
      act(/** @type {HTMLButtonElement} */ (event.submitter)?.value ?? "");
    } else if (form.closest("#batch")) {
      event.preventDefault();
      send(form, new FormData(form));
    }
  });
  document.addEventListener("reset", (event) => {
    if (event.target === bar()) setTimeout(clear);
  });
  document.addEventListener("change", (event) => {
    if (event.target === everything()) show();
  });
  document.addEventListener("batch-undone", () => {
    read("/batches/last", { headers: HTMX })
      .then((answer) => answer.text())
      .then((text) => started(partOf(text)))
      .catch(endsLine);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !isActive() || document.querySelector("dialog[open]")) return;
    if (!targetOf(event)?.matches("input:not([type=checkbox]), textarea, select")) clear();
  });
  new MutationObserver(adopt).observe(one(document, ".queue"), {
    childList: true,
    subtree: true,
  });
  loadSheet(bar()?.dataset.sheet);
  watchBatch();
  adopt();

  return {
    toggle,
    /**
     * @param {string} action
     * @returns {Promise<void> | boolean} whether it is about what is selected: then its form comes
     */
    act(action) {
      if (!isActive() || count() === 0) return false;
      const button = bar()?.querySelector(`[name=act][value="${action}"]`);
      if (button) return act(action) ?? true;
      toast(words.notTogether);
      return true;
    },
  };
}

/** @param {string | undefined} address of the style sheet, which most pages never need */
function loadSheet(address) {
  if (!address || document.querySelector(`link[href="${address}"]`)) return;
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = address;
  document.head.append(link);
}

/**
 * @param {string} address
 * @param {FormData} body
 */
async function post(address, body) {
  const answer = await fetch(address, {
    method: "POST",
    body,
    redirect: "manual",
    headers: HTMX,
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  if (answer.type === "opaqueredirect") throw new SignedOut(address);
  const text = await answer.text();
  if (!answer.ok && !/id="batch-(form|question)"/.test(text))
    throw new Error(String(answer.status));
  return text;
}
