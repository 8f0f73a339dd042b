/** The review console of a team that had its own `hooks/useWebSocket.js`: one import is another. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { MessageType, useWebSocket, WebSocketStatus } from "hitl-console/react";
import { useCallback, useState } from "react";
import { journal } from "./journal.js";
import { read } from "./read.js";

const LABELS = {
  [WebSocketStatus.CONNECTED]: "Live",
  [WebSocketStatus.CONNECTING]: "Connecting…",
  [WebSocketStatus.RECONNECTING]: "Reconnecting…",
  [WebSocketStatus.DISCONNECTED]: "Disconnected",
  [WebSocketStatus.ERROR]: "Not signed in",
};
const OUTDATED = {
  [MessageType.NEW_APV]: ["hitl-reviews", "hitl-stats"],
  [MessageType.DECISION_MADE]: ["hitl-reviews", "hitl-stats"],
  [MessageType.STATS_UPDATE]: ["hitl-stats"],
};

export function ReviewConsole({ url, options }) {
  const queryClient = useQueryClient();
  const [news, setNews] = useState([]);
  const onMessage = useCallback(
    (message) => {
      journal.add("console", message);
      for (const key of OUTDATED[message.type] ?? []) {
        queryClient.invalidateQueries({ queryKey: [key] });
      }
      if ("apv_code" in message) setNews((before) => [message, ...before].slice(0, 6));
    },
    [queryClient],
  );
  const socket = useWebSocket({
    url,
    channels: ["apvs", "decisions", "stats"],
    onMessage,
    ...options,
  });
  window.socket = socket;
  return (
    <main>
      <header>
        <h1>Reviews</h1>
        <Line {...socket} />
      </header>
      <Numbers />
      <div className="columns">
        <Queue />
        <News messages={news} />
      </div>
    </main>
  );
}

function Line({ status, clientId, isConnected, connect, disconnect }) {
  return (
    <p className="line" data-status={status} title={clientId ?? ""}>
      <span className="dot" />
      <output>{LABELS[status]}</output>
      <button type="button" onClick={isConnected ? disconnect : connect}>
        {isConnected ? "Disconnect" : "Connect"}
      </button>
    </p>
  );
}

function Numbers() {
  const { data } = useQuery({
    queryKey: ["hitl-stats"],
    queryFn: () => read("/hitl/reviews/stats"),
  });
  const numbers = [
    ["waiting", data?.pending_reviews],
    ["critical", data?.critical_pending],
    ["decided today", data?.decisions_today],
    ["decided in all", data?.total_decisions],
  ];
  return (
    <dl>
      {numbers.map(([name, number]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{number ?? "–"}</dd>
        </div>
      ))}
    </dl>
  );
}

function Queue() {
  const { data } = useQuery({
    queryKey: ["hitl-reviews"],
    queryFn: () => read("/hitl/reviews?limit=8"),
  });
  return (
    <section>
      <h2>Waiting for a decision</h2>
      <ul id="queue">
        {data?.reviews.map((apv) => (
          <li key={apv.apv_id}>
            <span className="severity" data-severity={apv.severity}>
              {apv.severity.toLowerCase()}
            </span>
            <b>{apv.package_name}</b>
            <code>{apv.apv_code}</code>
          </li>
        ))}
      </ul>
    </section>
  );
}

function News({ messages }) {
  return (
    <section>
      <h2>Just now</h2>
      <ul>
        {messages.map((message) => (
          <li key={`${message.channel} ${message.offset}`}>
            <code>{message.apv_code}</code>
            <span>
              {message.type === MessageType.NEW_APV
                ? `arrived: ${message.package_name}`
                : `${message.decision} by ${message.reviewer_name}`}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
