/** Claims and assignments: shown as they change, and made. Loaded when there is one. */

import { all, byId, one } from "./dom.js";
import { isAtApv, read } from "./fragment.js";
import { list, rowOf } from "./queue/list.js";
import { say, toast, watch, words } from "./words.js";

/** @type {string[]} The codes of those that the reader has passed by */
const passed = [];

/** @param {ClaimChanged | AssignmentChanged} told */
export function tell(told) {
  const isClaim = told.type === "claim_changed";
  show(
    told.apv_id,
    isClaim ? "claimed" : "assigned",
    isClaim ? told.claimed_by_name : told.assigned_to_name,
  );
  if (isClaim && told.what === "taken_over" && told.previous === watch.username) {
    const { claimed_by_name: name, apv_code: code, reason } = told;
    countNotice();
    toast(say(reason ? words.tookOver : words.tookOverSilently, { name, code, reason }));
  }
  if (!isClaim && told.assigned_to === watch.username && told.by_name !== watch.name) countNotice();
  return told.apv_id === byId("reading").dataset.apvId ? renew() : undefined;
}

/** The reader has one more notice than when the page was loaded. */
export function countNotice() {
  const link = byId("notices");
  const count = one(link, ".count");
  count.textContent = String(Number(count.textContent) + 1);
  link.hidden = false;
}

/**
 * Show in the row of an APV who has it, or whom it is assigned to.
 *
 * @param {string} apvId
 * @param {string} what
 * @param {string} name
 */
function show(apvId, what, name) {
  const place = rowOf(apvId)?.querySelector(`.at-team .${what}`);
  if (!(place instanceof HTMLElement)) return;
  one(place, "bdi").textContent = name;
  place.hidden = !name;
}

/** Read again who works on the open APV, unless the reader is writing there. */
async function renew() {
  const place = document.getElementById("team");
  if (!place || isWrittenIn(place)) return;
  const text = await (await read(place.dataset.address ?? "")).text();
  if (!place.isConnected || isWrittenIn(place)) return; // the reader was faster than the answer
  window.htmx.swap("#team", text, { swapStyle: "outerHTML" });
}

/** @param {Element} place */
const isWrittenIn = (place) => place.querySelector("details[open], #assign") !== null;

/**
 * Claim the first APV that nobody has, and open it.
 *
 * @param {HTMLFormElement} form
 * @param {() => void} opens
 */
export async function next(form, opens) {
  passed.push(byId("reading").dataset.code ?? "");
  const body = new FormData(form);
  body.set("passed", passed.slice(-200).join());
  const options = { method: "POST", body, headers: { Accept: "application/json" } };
  const { code, address } = await (await read(form.action, options)).json();
  if (!code) {
    passed.length = 0; // what was passed by may be given again
    toast(words.noneFree);
    return;
  }
  opens();
  open(code, address);
  scrollTo(0, 0);
  byId("reading").scrollTop = 0;
}

/**
 * @param {string} code
 * @param {string} address
 */
function open(code, address) {
  const there = all(list(), ".at-code a").find((link) => link.textContent === code);
  if (there && isAtApv()) {
    there.click();
    return;
  }
  const link = document.createElement("a");
  for (const [name, value] of Object.entries({
    href: address,
    hidden: "",
    "hx-get": address,
    "hx-target": "#reading",
    "hx-swap": "outerHTML",
    "hx-push-url": "true",
  })) {
    link.setAttribute(name, value);
  }
  document.body.append(link);
  window.htmx.process(link);
  link.click();
  link.remove();
}
