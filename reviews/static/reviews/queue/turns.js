/** One fetch for the list at a time: an older answer must not overwrite a newer one. */

import { byId } from "../dom.js";
import { SignedOut } from "../fragment.js";

/** @type {Promise<void>} */
let turn = Promise.resolve();

/**
 * Do `work` once what was asked for before is done; the page says whether it failed.
 *
 * @template T
 * @param {() => Promise<T>} work
 */
export function inTurn(work) {
  const done = turn.then(work);
  turn = done.then(
    () => showTrouble(false),
    (error) => showTrouble(!(error instanceof SignedOut)),
  );
  return done;
}

/** @param {boolean} failing */
function showTrouble(failing) {
  byId("trouble").hidden = !failing;
}
