/** What the decision form is missing, shown at its field while it is missing. */

import { all, byId, one } from "../dom.js";
import { words } from "../words.js";
import { chosen, form, length, lengthLimits, openForm, takesModifications } from "./form.js";

/** @type {Record<string, () => boolean>} */
const isMissing = {
  decision: () => !chosen(),
  justification: () => {
    const { least, most } = lengthLimits();
    return length() < least || length() > most;
  },
  modifications: () => takesModifications() && !modifications().some((field) => field.value.trim()),
};

/** @returns {(HTMLInputElement | HTMLTextAreaElement)[]} */
const modifications = () => all(openForm(), "#field-modifications :is(input, textarea)");
/** @param {string} name */
const fieldOf = (name) => byId(`field-${name}`);
/** @param {string} name */
const inputOf = (name) => one(fieldOf(name), "input:enabled, textarea");

/** Show what is missing and focus it; the server checks it too. */
export function complains() {
  const missing = Object.keys(isMissing).filter((name) => isMissing[name]?.());
  for (const name of missing) sayAt(name, words.missing[name] ?? "");
  if (missing[0]) inputOf(missing[0]).focus();
  return missing.length > 0;
}

/**
 * @param {string} name of a field
 * @param {string} reason
 */
function sayAt(name, reason) {
  unsay(name);
  const list = document.createElement("ul");
  list.className = "errorlist";
  list.id = `id_${name}_error`;
  const item = document.createElement("li");
  item.textContent = reason;
  list.append(item);
  one(fieldOf(name), "legend, output, label").after(list);
  inputOf(name).setAttribute("aria-invalid", "true");
  inputOf(name).setAttribute("aria-describedby", list.id);
}

/** @param {string} name of a field */
function unsay(name) {
  fieldOf(name).querySelector(".errorlist")?.remove();
  for (const input of all(fieldOf(name), "[aria-invalid]")) {
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
  }
  if (!form()?.querySelector(".errorlist")) document.querySelector("#decide .refused")?.remove();
}

/**
 * Remove the message at the field of `target`, if it is no longer missing.
 *
 * @param {Element} target
 */
export function unsayWhatIsThere(target) {
  const name = target.closest("[id^=field-]")?.id.slice("field-".length);
  if (name && !isMissing[name]?.()) unsay(name);
}
