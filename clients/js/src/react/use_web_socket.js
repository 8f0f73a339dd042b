import { useEffect, useState, useSyncExternalStore } from "react";
import { LimitedConnection, WebSocketStatus } from "../limited.js";
import { useLatest } from "./latest.js";

/**
 * @typedef {object} WebSocketOptions
 * @property {string} url
 * @property {string[]} [channels]
 * @property {(message: import("../messages.js").Message) => void} [onMessage]
 * @property {boolean} [autoConnect]
 * @property {number} [reconnectInterval] milliseconds between attempts, on average
 * @property {number} [maxReconnectAttempts] Infinity never gives up
 * @property {() => Promise<string>} [ticket] gets a ticket for each socket; without it the cookie
 *   counts
 * @property {() => unknown} [onReload] reads again what is shown: events cannot be replayed
 */

/**
 * The hook that consoles had as a file of their own, with the same interface: each component has a
 * connection. Events are told once and in order, also those that came while the line was cut.
 *
 * @param {WebSocketOptions} options
 */
export function useWebSocket({
  url,
  channels = [],
  onMessage,
  autoConnect = true,
  reconnectInterval = 5000,
  maxReconnectAttempts = 10,
  ticket,
  onReload,
}) {
  const latest = useLatest({
    ...{ url, channels, onMessage, ticket, onReload },
    ...{ reconnectInterval, maxReconnectAttempts },
  });
  const [connection] = useState(() => new LimitedConnection(() => latest.current));
  const { connect, disconnect, subscribe, ping, watch, getState } = connection;
  const { status, clientId } = useSyncExternalStore(watch, getState, getState);
  const names = JSON.stringify(channels);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another address or other channels
  useEffect(() => {
    if (autoConnect) connect();
    return disconnect;
  }, [autoConnect, connect, disconnect, url, names]);

  const isConnected = status === WebSocketStatus.CONNECTED;
  return { status, clientId, isConnected, connect, disconnect, subscribe, ping };
}
