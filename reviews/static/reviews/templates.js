/**
 * The texts that a form offers to begin a justification with. Loaded when somebody asks for them.
 */

import { all, targetOf } from "./dom.js";
import { read } from "./fragment.js";
import { HTMX } from "./many/progress.js";

/**
 * Let the reader choose a text for `area`, from those at the address of `link`.
 *
 * @param {HTMLAnchorElement} link
 * @param {HTMLTextAreaElement} area
 */
export async function offer(link, area) {
  if (document.getElementById("offered-dialog")) return;
  const answer = await read(link.href, { headers: HTMX });
  const part = new DOMParser().parseFromString(await answer.text(), "text/html");
  const offered = part.getElementById("offered");
  if (!offered || !area.isConnected) return;
  open(document.adoptNode(offered), (choice) => take(choice, area));
}

/**
 * @param {HTMLElement} offered
 * @param {(choice: HTMLElement) => void} choose
 */
function open(offered, choose) {
  const dialog = document.createElement("dialog");
  dialog.id = "offered-dialog";
  dialog.setAttribute("aria-labelledby", "offered-title");
  dialog.append(offered);
  document.body.append(dialog);
  /** @type {HTMLElement[]} */
  const choices = all(dialog, "[data-text]");

  /** @param {HTMLElement | null | undefined} choice */
  function chosen(choice) {
    if (!choice) return;
    dialog.close();
    choose(choice);
  }

  /** @param {KeyboardEvent} event */
  function pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = choices.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    /** @type {Record<string, number>} */
    const steps = { ArrowDown: at + 1, ArrowUp: Math.max(at - 1, 0), Home: 0, End: -1 };
    const to = steps[event.key];
    if (to !== undefined) choices.at(to < choices.length ? to : -1)?.focus();
    else if (/^[1-9]$/.test(event.key)) chosen(choices[Number(event.key) - 1]);
    else return;
    event.preventDefault();
  }

  dialog.addEventListener("keydown", pressed);
  dialog.addEventListener("click", (event) => {
    const target = targetOf(event);
    /** @type {HTMLElement | null | undefined} */
    const choice = target?.closest("[data-text]");
    if (choice) event.preventDefault();
    if (choice) chosen(choice);
    else if (target?.closest("[data-close]")) dialog.close();
  });
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
}

/**
 * @param {HTMLElement} choice
 * @param {HTMLTextAreaElement} area
 */
function take({ dataset }, area) {
  const { text = "", kind } = dataset;
  area.value = area.value ? `${area.value}\n${text}` : text;
  area.dispatchEvent(new Event("input", { bubbles: true }));
  /** @type {HTMLInputElement[]} */
  const radios = all(area.form ?? document, "[name=decision]");
  const radio = radios.find((one) => one.value === kind && !one.disabled);
  if (radio && !radios.some((one) => one.checked)) {
    radio.checked = true;
    radio.dispatchEvent(new Event("change", { bubbles: true }));
  }
  area.focus();
  area.setSelectionRange(area.value.length, area.value.length);
}
