/** The decision form on the page: its fields, its draft, and rows of modifications that grow. */

import { all, byId, one } from "../dom.js";
import { digits, say, watch, words } from "../words.js";

/** @typedef {import("../drafts.js").Draft} Draft */

/** The form, if there is something to decide. */
export function form() {
  return /** @type {HTMLFormElement | null} */ (document.getElementById("decision-form"));
}

/** @returns {HTMLFormElement} */
export const openForm = () => byId("decision-form");

/** @returns {HTMLTextAreaElement} */
export const text = () => byId("id_justification");

/** The kind of decision that is chosen. */
export function chosen(from = form()) {
  /** @type {HTMLInputElement | null | undefined} */
  const radio = from?.querySelector("[name=decision]:checked");
  return radio ?? null;
}

/**
 * @param {string} kind
 * @returns {HTMLInputElement | null | undefined}
 */
export const radioOf = (kind) => form()?.querySelector(`[name=decision][value="${kind}"]`);

/** Whether the kind that is chosen needs modifications. */
export const takesModifications = () => "modifies" in (chosen()?.dataset ?? {});

// -- The draft ---------------------------------------------------------------------------------

/**
 * @param {HTMLFormElement} from
 * @returns {Draft}
 */
export function read(from) {
  const fields = new FormData(from);
  return {
    decision: chosen(from)?.value ?? null, // also if it can no longer be changed
    justification: String(fields.get("justification")),
    confidence: /** @type {string | null} */ (fields.get("confidence")),
    keys: fields.getAll("modifications-key").map(String),
    values: fields.getAll("modifications-value").map(String),
  };
}

/** @param {Draft} draft */
export function fill({ decision, justification, confidence, keys, values }) {
  check("decision", decision);
  check("confidence", confidence);
  text().value = justification;
  keys.forEach((name, at) => {
    const [key, value] = inputsOf(pairs()[at] ?? addRow());
    key.value = name;
    value.value = values[at] ?? "";
  });
}

/**
 * Choose what a draft names, if it is still possible.
 *
 * @param {string} name
 * @param {string | null} value
 */
function check(name, value) {
  /** @type {HTMLInputElement[]} */
  const radios = all(openForm(), `[name=${name}]:enabled`);
  const radio = radios.find((each) => each.value === value);
  if (radio) radio.checked = true;
}

// -- Modifications -----------------------------------------------------------------------------

export const pairs = () => all(openForm(), ".pair");

/** Add an empty row at the end. */
export function addRow() {
  const last = /** @type {HTMLElement} */ (pairs().at(-1));
  const row = /** @type {HTMLElement} */ (last.cloneNode(true));
  for (const input of inputsOf(row)) input.value = "";
  last.after(row);
  return row;
}

/**
 * The inputs of a row: of the key, and of the value.
 *
 * @param {HTMLElement} row
 * @returns {[HTMLInputElement, HTMLInputElement]}
 */
export function inputsOf(row) {
  return [one(row, "input"), one(row, "input ~ input")];
}

// -- What the form says about itself -----------------------------------------------------------

/** How many characters the justification has, as the server counts them. */
export const length = () => [...text().value.trim()].length;

/** How many characters a justification may have. */
export function lengthLimits() {
  const { least, most } = byId("count").dataset;
  return { least: Number(least), most: Number(most) };
}

export function showCount() {
  const { least, most } = lengthLimits();
  const missing = Math.max(0, least - length());
  const isShort = missing > 0 && length() > 0;
  const count = byId("count");
  count.classList.toggle("short", isShort);
  count.textContent = isShort
    ? say(words.tooShort, { count: missing })
    : say(words.characters, { count: digits(length()), most: digits(most) });
}

/** Set the button's label to what it sends. */
export function showChosen() {
  const kind = chosen();
  if (!kind) return;
  const button = one(openForm(), ".primary");
  button.className = `primary ${watch.kinds[kind.value]?.tone ?? ""}`;
  button.textContent = say(words.send, {
    verb: kind.dataset.label,
    code: openForm().dataset.draft,
  });
}
