/** The page of one APV: says when somebody decides while it is being read, and touches no draft. */

import { read } from "./fragment.js";

export function apvPage(outcomes) {
  const apv = document.getElementById("apv");

  function decided(message) {
    if (message.apv_id !== apv.dataset.apvId) return;
    const outcome = outcomes[message.decision] ?? message.decision;
    say(`${message.apv_code} ${outcome} by ${message.reviewer_name} while you were reading.`);
  }

  async function reload() {
    const { version, positions } = await (await read(apv.dataset.state)).json();
    if (version !== Number(apv.dataset.version)) say("This APV changed while you were reading.");
    return positions;
  }

  function say(text) {
    const notice = document.getElementById("changed");
    notice.querySelector("span").textContent = text;
    notice.hidden = false;
  }

  return {
    positions: JSON.parse(apv.dataset.positions),
    on: { decision_made: decided },
    reload,
  };
}
