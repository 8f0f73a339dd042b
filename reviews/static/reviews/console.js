/** Keeps a page current: connects it to the socket and shows how the line stands. */

import { connect } from "../realtime/socket.js";
import { apvPage } from "./apv.js";
import { SignedOut } from "./fragment.js";
import { queuePage } from "./queue.js";

const WORDS = {
  connecting: "Connecting…",
  live: "Live",
  "catching up": "Catching up…",
  stale: "Reconnecting – may be out of date",
  offline: "Offline – may be out of date",
  refused: "Not connected",
};

function showStatus(status) {
  const line = document.getElementById("line");
  line.hidden = false;
  line.dataset.status = status;
  line.textContent = WORDS[status];
  document.getElementById("signed-out").hidden = status !== "refused";
}

function watch(main) {
  const { channels, outcomes } = JSON.parse(main.dataset.watch);
  const endsLine = (error) => {
    if (error instanceof SignedOut) line.refuse();
    return error instanceof SignedOut;
  };
  const page = document.getElementById("queue")
    ? queuePage(outcomes, endsLine)
    : apvPage(outcomes);
  const line = connect({
    url: main.dataset.socket,
    channels,
    positions: page.positions,
    snapshot: true,
    onMessage: (message) => page.on[message.type]?.(message),
    onStatus: showStatus,
    onReload: () =>
      page.reload().catch((error) => {
        endsLine(error);
        throw error; // the line tries again, unless it has ended
      }),
  });
}

const main = document.querySelector("main[data-watch]");
if (main) watch(main);
