/** APVs that arrive: painted at once, and read from the server a moment later, together. */

import { apvOf, isNarrowed, isPending, isPlain, pageSize, positions, rowOf } from "./list.js";
import { provisionalRow } from "./provisional_row.js";
import { inTurn, readRows } from "./server.js";
import { traceArrival } from "./trace.js";

const GATHER_MS = 50; // arrivals this close together are fetched at once
const SPREAD_MS = 250; // so that many pages do not all ask in the same moment
const RETRY_MS = 5_000;
export const REMEMBERED = 1_000; // events that a pending response may not include yet

/**
 * @typedef {object} Options
 * @property {ReturnType<typeof import("./placing.js").placing>} rows
 * @property {ReturnType<typeof import("../counts.js").listCounts>} counts
 * @property {(apvId: string) => boolean} isDecided
 * @property {EndsLine} endsLine
 */

/** @param {Options} options */
export function arrivals({ rows, counts, isDecided, endsLine }) {
  /** @type {Map<string, NewApv>} APV id → message whose row is still to be fetched */
  const arrived = new Map();
  /** @type {NewApv[]} */
  const recent = [];
  /** @type {number | undefined} */
  let gathering;

  /** @param {NewApv} message */
  function arrive(message) {
    recent.push(message);
    if (recent.length > REMEMBERED) recent.shift();
    if (!isPending() || isNarrowed()) counts.recountSoon();
    if (!isPending() || isDecided(message.apv_id)) return;
    if (!isNarrowed()) counts.add(1);
    receive(message);
  }

  /** @param {NewApv} message */
  function receive(message) {
    if (rowOf(message.apv_id) || rows.isHeld(message.apv_id)) return;
    if (isPlain()) rows.place(provisionalRow(message)); // filled in when it was read
    arrived.set(message.apv_id, message);
    gathering ??= setTimeout(fetchArrived, GATHER_MS + Math.random() * SPREAD_MS);
    if (!isNarrowed()) traceArrival(message);
  }

  function fetchArrived() {
    gathering = undefined;
    const ids = [...arrived.keys()].slice(0, pageSize());
    if (ids.length === 0) return;
    inTurn(() => fetchRows(ids)).catch((error) => {
      gathering = endsLine(error) ? undefined : setTimeout(fetchArrived, RETRY_MS);
    });
  }

  /** @param {string[]} ids */
  async function fetchRows(ids) {
    const fresh = await readRows({ ids: ids.join(",") });
    for (const row of fresh.rows) {
      if (isDecided(apvOf(row))) continue;
      greet(row);
      rows.fill(row);
    }
    for (const id of ids) arrived.delete(id);
    for (const id of ids) if (!fresh.ids.has(id)) rows.forget(id);
    if (arrived.size) gathering ??= setTimeout(fetchArrived, GATHER_MS);
  }

  /**
   * Only the server knows which APVs belong to a filtered list: count and announce them now.
   *
   * @param {HTMLTableRowElement} row
   */
  function greet(row) {
    const apvId = apvOf(row);
    const message = arrived.get(apvId);
    if (!isNarrowed() || !message) return;
    traceArrival(message);
    if (!rowOf(apvId) && !rows.isHeld(apvId)) counts.add(1);
  }

  /** Continue with a list that was read again: receive the APVs that arrived since. */
  function adopt() {
    arrived.clear();
    if (!isPending()) return;
    const read = positions().apvs?.offset ?? Infinity;
    for (const message of recent) {
      if (message.offset <= read || isDecided(message.apv_id)) continue;
      if (!isNarrowed()) counts.add(1);
      receive(message);
    }
  }

  return {
    arrive,
    adopt,
    /** @param {string} apvId */
    isArriving: (apvId) => arrived.has(apvId),
    /** @param {string} apvId */
    forget: (apvId) => arrived.delete(apvId),
  };
}
