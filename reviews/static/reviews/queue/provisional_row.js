/** The row of an APV that has just arrived, painted before the server was asked for all of it. */

import { one } from "../dom.js";
import { addressOf } from "../fragment.js";
import { capitalised, watch, words } from "../words.js";
import { list } from "./list.js";

/**
 * @param {NewApv} message
 * @returns {HTMLTableRowElement}
 */
export function provisionalRow(message) {
  const { apv_id: apvId, apv_code: code, severity, timestamp } = message;
  const blank = /** @type {HTMLTemplateElement} */ (document.getElementById("blank-row"));
  /** @type {HTMLTableRowElement} */
  const row = document.importNode(one(blank.content, "tr"), true);
  row.id = `apv-${apvId}`;
  row.dataset.apvId = apvId;
  row.dataset.order = `${watch.orders[severity]} ${timestamp} ${apvId}`;
  const badge = one(row, ".badge");
  badge.classList.add(severity.toLowerCase());
  badge.textContent = capitalised(words.severities[severity]);
  one(row, ".package").textContent = message.package_name;
  one(row, ".at-cve").textContent = message.cve_id ?? "";
  /** @type {HTMLTimeElement} */
  const time = one(row, "time");
  time.dateTime = timestamp;
  /** @type {HTMLAnchorElement} */
  const link = one(row, "a");
  link.textContent = code;
  link.href = addressOf(code) + list().dataset.kept;
  return row;
}
