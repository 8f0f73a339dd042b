/** Forms of comments: opened at a line, sent in place, and kept with the reason if refused. */

import { rowAt } from "../diff_lines.js";
import { all, byId, one, targetOf } from "../dom.js";
import { DRAFTS } from "../drafts.js";
import { say, toast, watch, words } from "../words.js";

const SEND_MS = 15_000;
const FORM = "form[data-comment]";

/** @type {Map<string, HTMLFormElement>} The forms that are open at lines, by place */
const opened = new Map();
let numbered = 0;

// -- At a line -----------------------------------------------------------------------------------

/**
 * Open the form for a comment on a line, with what was typed there before.
 *
 * @param {string} place
 * @param {HTMLElement} from gets the focus back
 */
export function openAt(place, from) {
  const form = opened.get(place) ?? made(place);
  if (!form || !(form.isConnected || put(form, place))) return;
  opened.set(place, form);
  form.addEventListener("closed", () => from.focus(), { once: true });
  textOf(form).focus({ preventScroll: true });
  form.scrollIntoView({ block: "nearest" });
}

/** @param {string} place */
function made(place) {
  const template = /** @type {HTMLTemplateElement | null} */ (
    document.getElementById("line-comment")
  );
  /** @type {HTMLFormElement | null | undefined} */
  const form = /** @type {any} */ (template?.content.querySelector("form")?.cloneNode(true));
  if (!form) return;
  form.dataset.place = place;
  numbered += 1;
  for (const [name, attribute] of Object.entries({ text: "for", hint: "aria-describedby" })) {
    one(form, `#line-${name}`).id = `line-${name}-${numbered}`;
    one(form, `[${attribute}]`).setAttribute(attribute, `line-${name}-${numbered}`);
  }
  one(form, "label").textContent = say(words.commentOn, { place });
  /** @type {HTMLInputElement} */
  const field = one(form, "[name=place]");
  field.value = place;
  textOf(form).value = readDraft(place);
  return form;
}

/**
 * @param {HTMLFormElement} form
 * @param {string} place
 * @returns {boolean} whether its line is on the page
 */
function put(form, place) {
  const cell = cellAfter(place);
  cell?.append(form);
  return Boolean(cell);
}

/**
 * The cell below a line, in which one talks about it.
 *
 * @param {string} place
 */
export function cellAfter(place) {
  const line = rowAt(place);
  if (!line) return;
  /** @type {HTMLElement | undefined} */
  let last = line;
  while (last?.nextElementSibling?.matches("tr.talk")) {
    last = /** @type {HTMLElement} */ (last.nextElementSibling);
    if (last.dataset.place === place) return one(last, "td");
  }
  const row = document.createElement("tr");
  row.className = "talk";
  row.dataset.place = place;
  const cell = row.insertCell();
  cell.colSpan = line.cells.length;
  last.after(row);
  return cell;
}

/** @param {HTMLFormElement} form */
function close(form) {
  const row = form.closest("tr.talk");
  opened.delete(form.dataset.place ?? "");
  form.remove();
  form.dispatchEvent(new Event("closed"));
  if (!row?.querySelector(".thread, form")) row?.remove();
}

/** Put the open forms back at their lines after the diff came anew, unless it is another one's. */
export function putBack() {
  for (const [place, form] of opened) {
    if (form.isConnected) continue;
    const isOfThis = form.action.includes(`/${byId("reading").dataset.code}/`);
    if (!isOfThis) opened.delete(place);
    else put(form, place);
  }
}

/** @param {HTMLFormElement} form */
const textOf = (form) => /** @type {HTMLTextAreaElement} */ (one(form, "textarea"));

// -- Drafts --------------------------------------------------------------------------------------

/** @param {string} place */
const keyOf = (place) => `${DRAFTS}${watch.user}:${byId("reading").dataset.code}#${place}`;

/** @param {string} place @returns {string} */
function readDraft(place) {
  return JSON.parse(localStorage.getItem(keyOf(place)) ?? "{}").text ?? "";
}

/** @param {Event} event */
function keepDraft(event) {
  /** @type {HTMLFormElement | null | undefined} */
  const form = targetOf(event)?.closest(`${FORM}[data-place]`);
  if (!form) return;
  const { value: text } = textOf(form);
  const key = keyOf(form.dataset.place ?? "");
  if (text) localStorage.setItem(key, JSON.stringify({ at: Date.now(), text }));
  else localStorage.removeItem(key);
}

// -- Sending -------------------------------------------------------------------------------------

/**
 * Send a form, and take in the comments that the server answers with.
 *
 * @param {HTMLFormElement} form
 * @param {HTMLElement | null} submitter
 * @param {(fresh: HTMLElement, settled?: Element | null) => void} take
 */
async function send(form, submitter, take) {
  if (form.ariaBusy === "true") return;
  form.ariaBusy = "true";
  textOfAny(form, (text) => (text.readOnly = true));
  try {
    const { fresh, reasons } = await answered(form, submitter);
    unsay(form);
    if (reasons) refuse(form, reasons);
    else if (fresh) settle(form, fresh, take);
  } finally {
    form.ariaBusy = null;
    textOfAny(form, (text) => (text.readOnly = false));
  }
}

/**
 * @param {HTMLFormElement} form
 * @param {(text: HTMLTextAreaElement) => void} change
 */
function textOfAny(form, change) {
  const text = form.querySelector("textarea");
  if (text) change(text);
}

/**
 * @param {HTMLFormElement} form
 * @param {HTMLElement | null} submitter
 * @returns {Promise<{ fresh?: HTMLElement | null, reasons?: Record<string, string> }>}
 */
async function answered(form, submitter) {
  /** @type {Response} */
  let answer;
  try {
    answer = await fetch(form.action, {
      method: "POST",
      body: new FormData(form, submitter),
      headers: { "HX-Request": "true", Accept: "*/*" },
      redirect: "manual",
      signal: AbortSignal.timeout(SEND_MS),
    });
  } catch {
    return { reasons: { text: words.refusals.network ?? "" } };
  }
  if (answer.type === "opaqueredirect") return { reasons: { text: words.refusals["401"] ?? "" } };
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  /** @type {HTMLElement | null} */
  const fresh = page.getElementById("comments");
  return answer.ok ? { fresh } : { reasons: reasonsOf(page, answer) };
}

/**
 * @param {Document} page
 * @param {Response} answer
 */
function reasonsOf(page, { status, headers }) {
  const said = all(page, "[data-refused]").map((one) => [one.dataset.refused, one.textContent]);
  if (said.length) return Object.fromEntries(said);
  const kind = words.refusals[status] ?? words.refusals[status >= 500 ? "5xx" : "other"];
  return { text: say(kind, { status, count: headers.get("Retry-After") ?? "" }) };
}

/**
 * @param {HTMLFormElement} form
 * @param {HTMLElement} fresh
 * @param {(fresh: HTMLElement, settled?: Element | null) => void} take
 */
function settle(form, fresh, take) {
  const { place } = form.dataset;
  const item = form.closest("li[id]");
  if (place !== undefined) {
    localStorage.removeItem(keyOf(place));
    close(form);
  } else if (!item) form.reset();
  take(fresh, item);
  if (place !== undefined) focusAt(`[data-place="${CSS.escape(place)}"] .reply`);
  else if (item) focusAt(`#${CSS.escape(item.id)} summary`);
}

/** @param {string} selector */
function focusAt(selector) {
  /** @type {HTMLElement | null} */
  const found = document.querySelector(selector);
  found?.focus({ preventScroll: true });
}

/**
 * Say at its fields why a form was refused; what was typed stays.
 *
 * @param {HTMLFormElement} form
 * @param {Record<string, string>} reasons
 */
function refuse(form, reasons) {
  for (const [name, why] of Object.entries(reasons)) {
    const said = document.createElement("p");
    said.className = "errorlist";
    said.role = "alert";
    said.dataset.refused = name;
    said.textContent = why;
    const field =
      form.querySelector(`[name="${name}"]:not([type=hidden])`) ?? one(form, "textarea, button");
    field.setAttribute("aria-invalid", "true");
    said.id = `why-${field.id}`;
    field.setAttribute("aria-errormessage", said.id);
    field.after(said);
  }
}

/** @param {HTMLFormElement} form */
function unsay(form) {
  for (const said of all(form, "[data-refused]")) said.remove();
  for (const field of all(form, "[aria-invalid]")) {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-errormessage");
  }
}

// -- Keys and clicks -----------------------------------------------------------------------------

/** @param {KeyboardEvent} event */
function pressed(event) {
  /** @type {HTMLFormElement | null | undefined} */
  const form = targetOf(event)?.closest(FORM);
  if (!form || event.isComposing) return;
  const sends = event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.repeat;
  if (sends) form.requestSubmit();
  else if (event.key !== "Escape" || !leave(form)) return;
  event.preventDefault();
  event.stopPropagation(); // the decision and the list have the same keys
}

/**
 * Close a form, and keep what was typed there.
 *
 * @param {HTMLFormElement} form
 * @returns {boolean} whether it is one that closes
 */
function leave(form) {
  const details = form.closest("details");
  if (form.dataset.place !== undefined) {
    if (textOf(form).value) toast(`${words.draftKept}.`);
    close(form);
  } else if (details) {
    details.open = false;
    details.querySelector("summary")?.focus();
  } else return false;
  return true;
}

/** @param {MouseEvent} event */
function clicked(event) {
  const target = targetOf(event);
  /** @type {HTMLElement | null | undefined} */
  const reply = target?.closest(".talk .reply");
  const form = target?.closest("[data-close]")?.closest("form");
  if (form) leave(form);
  if (!reply || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  openAt(
    one(/** @type {HTMLElement} */ (reply.closest(".talk")), ".thread").dataset.place ?? "",
    reply,
  );
}

/** @param {(fresh: HTMLElement, settled?: Element | null) => void} take */
export function listen(take) {
  document.addEventListener("submit", (event) => {
    /** @type {HTMLFormElement | null | undefined} */
    const form = targetOf(event)?.closest(FORM);
    if (!form) return;
    event.preventDefault();
    send(form, event.submitter, take);
  });
  document.addEventListener("keydown", pressed, true);
  document.addEventListener("click", clicked);
  document.addEventListener("input", keepDraft);
}
