/** One connection for many listeners: it opens with the first, and closes after the last. */

import { CHANNEL_OF } from "./messages.js";
import { KeptPositions } from "./positions.js";
import { backoff, connect } from "./realtime/socket.js";
import { opener } from "./tickets.js";

/**
 * @typedef {import("./messages.js").ChannelMessage} ChannelMessage
 * @typedef {import("./realtime/socket.js").Positions} Positions
 * @typedef {import("./realtime/socket.js").Status | "closed"} SharedStatus
 *
 * @typedef {object} SharedOptions
 * @property {string} [url] the socket, by default /hitl/ws of the page's origin
 * @property {() => Promise<string>} [ticket] gets a ticket for each socket; without it the cookie
 *   counts
 * @property {import("./positions.js").PositionStorage | null} [storage] keeps the positions over
 *   reloads: by default sessionStorage; null keeps them in memory
 *
 * @typedef {object} Listener
 * @property {string[]} channels
 * @property {(message: ChannelMessage) => void} [onMessage]
 * @property {() => unknown} [onReload] reads again what may be out of date: events cannot be
 *   replayed, or the channel is followed from now on. It is called again if it rejects.
 *
 * @typedef {object} SharedState
 * @property {SharedStatus} status
 * @property {string[]} forbidden the channels that the user may not read
 */

/** @type {SharedState} */
const CLOSED = { status: "closed", forbidden: [] };

export class SharedConnection {
  #options;
  #positions;
  /** @type {ReturnType<typeof connect> | null} */
  #connection = null;
  #state = CLOSED;
  /** @type {Set<Listener>} */
  #listeners = new Set();
  /** @type {Set<() => void>} Who hears that the state changed. */
  #watchers = new Set();
  /** @type {Set<string>} The channels that the connection was asked for. */
  #channels = new Set();
  /** @type {Set<string>} The logs whose events were followed before. */
  #followed = new Set();
  /** @type {Map<string, ChannelMessage>} The latest of each type that has no offset. */
  #lastValues = new Map();

  /** @param {SharedOptions} [options] */
  constructor(options = {}) {
    this.#options = { url: "/hitl/ws", ...options };
    this.#positions = new KeptPositions(`hitl-console ${this.#options.url}`, options.storage);
  }

  /**
   * Hear the messages of channels, until the returned function is called.
   *
   * @param {Listener} listener
   */
  listen(listener) {
    const known = { ...listener }; // the same may listen twice
    this.#listeners.add(known);
    if (this.#state.status === "refused") this.#connection = null; // the user may be back
    this.#soon();
    for (const value of this.#lastValues.values()) this.#tell(known, value);
    return () => {
      this.#listeners.delete(known);
      this.#soon();
    };
  }

  /**
   * Hear that the state changed, until the returned function is called.
   *
   * @param {() => void} watcher
   */
  subscribe = (watcher) => {
    this.#watchers.add(watcher);
    return () => {
      this.#watchers.delete(watcher);
    };
  };

  getState = () => this.#state;

  /** Where pages are rendered on a server, and while such a page comes to life. */
  getServerState = () => CLOSED;

  /** Connect at once: the network is back, or the user has signed in again. */
  retry = () => {
    if (this.#state.status !== "refused") this.#connection?.retry();
    else if (this.#listeners.size) this.#open();
  };

  // -- Opening and closing -----------------------------------------------------------------------

  /** Settle after the current task: who leaves is often back in it, or another comes. */
  #soon() {
    queueMicrotask(() => {
      if (!this.#listeners.size) this.#close();
      else if (!this.#connection) this.#open();
      else this.#extend(this.#connection);
    });
  }

  #open() {
    const positions = this.#positions.read();
    this.#state = { ...this.#state, forbidden: [] };
    this.#channels = this.#wanted();
    this.#followed = new Set(Object.keys(positions));
    this.#connection = connect({
      url: this.#options.url,
      channels: [...this.#channels],
      positions,
      snapshot: true,
      open: opener(this.#options.ticket),
      onMessage: (message) => this.#receive(message),
      onStatus: (status) => this.#setStatus(status),
      onReload: (tops) => this.#reload(tops),
      onForbidden: (channels) => this.#forbid(channels),
    });
  }

  #close() {
    this.#connection?.close();
    this.#connection = null;
    this.#lastValues.clear();
    this.#setState(CLOSED);
  }

  /** @param {ReturnType<typeof connect>} connection */
  #extend(connection) {
    const added = [...this.#wanted()].filter((channel) => !this.#channels.has(channel));
    for (const channel of added) this.#channels.add(channel);
    if (added.length) connection.subscribe(added);
  }

  #wanted() {
    return new Set([...this.#listeners].flatMap(({ channels }) => channels));
  }

  // -- Messages ------------------------------------------------------------------------------------

  /** @param {ChannelMessage} message */
  #receive(message) {
    if (!("offset" in message)) this.#lastValues.set(message.type, message);
    if (!this.#listeners.size) return; // they left, and hear it when they are back
    for (const listener of [...this.#listeners]) this.#tell(listener, message);
    this.#keepPositions();
  }

  /**
   * @param {Listener} listener
   * @param {ChannelMessage} message
   */
  #tell(listener, message) {
    const channel = "channel" in message ? message.channel : CHANNEL_OF[message.type];
    if (channel && !listener.channels.includes(channel)) return; // a newer server has others
    try {
      listener.onMessage?.(message);
    } catch (error) {
      (globalThis.reportError ?? console.error)(error); // the others still hear it
    }
  }

  #keepPositions() {
    if (this.#connection) this.#positions.keep(this.#connection.positions);
  }

  // -- Reading again -------------------------------------------------------------------------------

  /** @param {Positions} tops */
  async #reload(tops) {
    await Promise.all([...this.#listeners].map((listener) => listener.onReload?.()));
    return tops;
  }

  /** What a component read before its channel was followed may be out of date. */
  #catchUp() {
    const logs = Object.keys(this.#connection?.positions ?? {});
    const added = logs.filter((channel) => !this.#followed.has(channel));
    for (const channel of added) this.#followed.add(channel);
    for (const listener of this.#listeners) {
      if (listener.channels.some((channel) => added.includes(channel))) this.#readAgain(listener);
    }
  }

  /** @param {Listener} listener */
  async #readAgain(listener) {
    for (let attempt = 0; this.#listeners.has(listener); attempt++) {
      try {
        await listener.onReload?.();
        return;
      } catch (error) {
        console.warn(`Reading again failed, will be tried again: ${error}`);
        await new Promise((done) => setTimeout(done, backoff(attempt)));
      }
    }
  }

  // -- State ---------------------------------------------------------------------------------------

  /** @param {import("./realtime/socket.js").Status} status */
  #setStatus(status) {
    if (status === "live") {
      this.#catchUp();
      this.#keepPositions();
    }
    this.#setState({ ...this.#state, status });
  }

  /** @param {string[]} channels */
  #forbid(channels) {
    const forbidden = [...new Set([...this.#state.forbidden, ...channels])];
    this.#setState({ ...this.#state, forbidden });
  }

  /** @param {SharedState} state */
  #setState(state) {
    this.#state = state;
    for (const watcher of [...this.#watchers]) watcher();
  }
}
