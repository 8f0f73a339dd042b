/**
 * A connection with the statuses, the messages and the limits of the hook `useWebSocket` that
 * consoles had before: it gives up after some attempts, and hands on what the socket itself answers.
 */

import { MessageType } from "./messages.js";
import { connect } from "./realtime/socket.js";
import { opener } from "./tickets.js";

/**
 * @typedef {import("./messages.js").Message} Message
 * @typedef {import("./realtime/socket.js").Positions} Positions
 * @typedef {import("./realtime/socket.js").Status} Status
 *
 * @typedef {object} LimitedOptions
 * @property {string} url
 * @property {string[]} channels
 * @property {(message: Message) => void} [onMessage]
 * @property {number} reconnectInterval milliseconds between attempts, on average
 * @property {number} maxReconnectAttempts
 * @property {() => Promise<string>} [ticket]
 * @property {() => unknown} [onReload]
 *
 * @typedef {object} LimitedState
 * @property {WebSocketStatusValue} status
 * @property {string | null} clientId
 */

/** @typedef {(typeof WebSocketStatus)[keyof typeof WebSocketStatus]} WebSocketStatusValue */

export const WebSocketStatus = /** @type {const} */ ({
  CONNECTING: "connecting",
  CONNECTED: "connected",
  DISCONNECTED: "disconnected",
  ERROR: "error",
  RECONNECTING: "reconnecting",
});

/** @type {Record<Status, WebSocketStatusValue>} */
const STATUS_OF = {
  connecting: WebSocketStatus.CONNECTING,
  live: WebSocketStatus.CONNECTED,
  "catching up": WebSocketStatus.CONNECTED,
  stale: WebSocketStatus.RECONNECTING,
  offline: WebSocketStatus.RECONNECTING,
  refused: WebSocketStatus.ERROR,
};

/** @type {Set<string>} What the core keeps to itself. */
const ANSWERS = new Set([
  MessageType.CONNECTION_ACK,
  MessageType.PONG,
  MessageType.SUBSCRIPTION_CONFIRMED,
  MessageType.UNSUBSCRIPTION_CONFIRMED,
  MessageType.ERROR,
]);

export class LimitedConnection {
  #options;
  /** @type {ReturnType<typeof connect> | null} */
  #connection = null;
  /** @type {import("./realtime/socket.js").Socket | null} */
  #socket = null;
  /** @type {Positions} */
  #positions = {};
  #isWanted = false;
  #failed = 0; // attempts since the last connection
  /** @type {LimitedState} */
  #state = { status: WebSocketStatus.DISCONNECTED, clientId: null };
  /** @type {Set<() => void>} */
  #watchers = new Set();

  /** @param {() => LimitedOptions} options the current ones */
  constructor(options) {
    this.#options = options;
  }

  /** Open the connection after the current task, unless it is closed in it; or try again now. */
  connect = () => {
    this.#isWanted = true;
    this.#connection?.retry();
    queueMicrotask(() => {
      if (this.#isWanted && !this.#connection) this.#open();
    });
  };

  disconnect = () => {
    this.#isWanted = false;
    this.#end(WebSocketStatus.DISCONNECTED);
  };

  /** @param {string[]} channels */
  subscribe = (channels) => this.#connection?.subscribe(channels);

  ping = () => {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    const timestamp = new Date().toISOString();
    this.#socket.send(JSON.stringify({ type: MessageType.PING, timestamp }));
  };

  /** @param {() => void} watcher */
  watch = (watcher) => {
    this.#watchers.add(watcher);
    return () => {
      this.#watchers.delete(watcher);
    };
  };

  getState = () => this.#state;

  // -- Opening and closing -----------------------------------------------------------------------

  #open() {
    const { url, channels, ticket } = this.#options();
    const open = opener(ticket);
    this.#failed = 0;
    this.#connection = connect({
      url,
      channels,
      positions: this.#positions,
      snapshot: true,
      open: (address) => {
        this.#socket = open(address);
        return this.#socket;
      },
      backoff: () => this.#pause(),
      onReceive: (message) => this.#receive(message),
      onMessage: (message) => this.#options().onMessage?.(message),
      onStatus: (status) => this.#show(status),
      onReload: async (tops) => {
        await this.#options().onReload?.();
        return tops;
      },
    });
  }

  /** @param {WebSocketStatusValue} status */
  #end(status) {
    this.#positions = this.#connection?.positions ?? this.#positions;
    this.#connection?.close();
    this.#connection = this.#socket = null;
    this.#setState({ status, clientId: null });
  }

  /** Return how long to wait before the next attempt; give up after as many as are allowed. */
  #pause() {
    const { reconnectInterval, maxReconnectAttempts } = this.#options();
    this.#failed += 1;
    if (this.#failed > maxReconnectAttempts) queueMicrotask(this.disconnect);
    return reconnectInterval * (0.5 + Math.random()); // many clients must not return at once
  }

  // -- Messages ------------------------------------------------------------------------------------

  /** @param {Message} message */
  #receive(message) {
    if (message.type === MessageType.CONNECTION_ACK) {
      this.#setState({ ...this.#state, clientId: message.client_id });
    }
    if (ANSWERS.has(message.type)) this.#options().onMessage?.(message);
  }

  /** @param {Status} status */
  #show(status) {
    if (status === "live") this.#failed = 0;
    if (status === "refused") {
      queueMicrotask(() => this.#end(WebSocketStatus.ERROR));
      return;
    }
    const isRepeated = status === "connecting" && this.#failed > 0;
    this.#setState({
      status: isRepeated ? WebSocketStatus.RECONNECTING : STATUS_OF[status],
      clientId: this.#state.clientId,
    });
  }

  /** @param {LimitedState} state */
  #setState(state) {
    const { status, clientId } = this.#state;
    if (state.status === status && state.clientId === clientId) return;
    this.#state = state;
    for (const watcher of [...this.#watchers]) watcher();
  }
}
