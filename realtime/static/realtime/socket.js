/**
 * A connection to /hitl/ws that delivers every event once and in order, or says that the page must
 * reload.
 *
 *   const connection = connect({
 *     url: "/hitl/ws",
 *     channels: ["orders", "prices", "stock"],              // it subscribes to those it may read
 *     positions: { orders: { epoch: "5f0c…", offset: 41 } },  // the positions of the page, if known
 *     snapshot: true,                                        // the last values at once
 *     onMessage: (message) => …,                             // an event or a last value
 *     onStatus: (status) => …,                               // one of STATUSES
 *     onReload: async () => positions,                       // read again; return its positions
 *   });
 *
 * It needs no page: programs and workers may use it too. The wire format is described in
 * docs/protocol.md.
 *
 * @typedef {{ epoch: string, offset: number }} Position
 * @typedef {Record<string, Position>} Positions by channel
 * @typedef {"connecting" | "live" | "catching up" | "stale" | "offline" | "refused"} Status
 *
 * @typedef {object} Message A message of the server; events of a log have a channel and an offset.
 * @property {string} type
 * @property {string} [timestamp]
 *
 * @typedef {Message & { channel: string, offset: number }} LogEvent
 *
 * @typedef {Pick<WebSocket, "readyState" | "send" | "close" | "onmessage" | "onclose">} Socket
 *
 * @typedef {object} Options
 * @property {string} url
 * @property {string[]} channels
 * @property {Positions} [positions]
 * @property {boolean} [snapshot]
 * @property {(message: any) => void} onMessage
 * @property {(message: any) => void} [onReceive] gets each message as it comes, before the events
 *   are put in order
 * @property {(timestamp: string) => void} [onTime] gets the server's time
 * @property {(status: Status) => void} onStatus
 * @property {(tops: Positions) => Promise<Positions>} onReload gets the last positions that the
 *   server confirmed: what is read from now on is at least as new
 * @property {(channels: string[]) => void} [onForbidden] the connection goes on without these
 * @property {(url: string) => Socket} [open] opens a socket; by default a WebSocket
 * @property {(attempt: number) => number} [backoff] milliseconds before an attempt, from 0
 */

/** @type {Status[]} */
export const STATUSES = ["connecting", "live", "catching up", "stale", "offline", "refused"];

const PING_MS = 30_000;
const MISSED_PONGS = 2;
const ANSWER_MS = 15_000;
const BACKOFF_MS = 1_000;
const BACKOFF_MOST_MS = 15_000; // so all are back soon after a restart
const BACK_OFF_ATTEMPT = 4; // where the backoff starts if the server asks to back off

/**
 * What the client does after the server closed, by code, or by code and reason if the reason
 * matters; after any other code it resumes. As in docs/protocol.md.
 *
 * @type {Record<string, "resume" | "back off" | "sign in">}
 */
const CLOSE_CODES = {
  // Made from the code: make docs
  1002: "resume",
  1003: "resume",
  1007: "resume",
  "1008 Invalid token": "sign in",
  1008: "back off",
  1009: "resume",
  1012: "resume",
  1013: "resume",
  4000: "resume",
  4401: "sign in",
  4403: "resume",
  4408: "resume",
  4429: "back off",
  // End
};

/** @param {Options} options */
export function connect(options) {
  return new Connection(options);
}

/**
 * Exponential backoff with full jitter, in milliseconds.
 *
 * @param {number} attempt
 */
export function backoff(attempt) {
  return Math.random() * Math.min(BACKOFF_MOST_MS, BACKOFF_MS * 2 ** attempt);
}

/** @param {number} milliseconds */
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

class Connection {
  /** @type {Positions} */
  positions;
  /** @type {Status | null} */
  status = null;

  /** @type {Options} */
  #options;
  /** @type {string[]} The subscribed channels, without those that the user may not read. */
  #channels;
  /** @type {Socket | null} */
  #socket = null;
  #attempt = 0;
  #wasLive = false;
  #isClosed = false;
  #unanswered = 0; // pings without a pong
  /** @type {Set<string>} Channels without a confirmation yet. */
  #asked = new Set();
  /** @type {Map<string, number>} Channel → last offset of a replay. */
  #targets = new Map();
  /** @type {Positions} Where each log ended when its channel was last confirmed. */
  #tops = {};
  /** @type {Map<string, number>} Channel → offset before the last gap. */
  #gaps = new Map();
  /** @type {LogEvent[] | null} Events that wait while the page reloads. */
  #held = null;
  /** @type {number | undefined} */
  #retry;
  /** @type {number | undefined} */
  #deadline;
  /** @type {number | undefined} */
  #heartbeat;

  /** @param {Options} options */
  constructor(options) {
    this.#options = options;
    this.#channels = options.channels;
    this.positions = { ...options.positions };
    globalThis.addEventListener?.("online", this.#wake);
    globalThis.addEventListener?.("offline", this.#drop);
    globalThis.document?.addEventListener("visibilitychange", this.#shown);
    this.#open();
  }

  /** Close the connection for good. */
  close() {
    this.#isClosed = true;
    globalThis.removeEventListener?.("online", this.#wake);
    globalThis.removeEventListener?.("offline", this.#drop);
    globalThis.document?.removeEventListener("visibilitychange", this.#shown);
    this.#disconnect();
  }

  /** Close the connection for good: the server no longer admits this user. */
  refuse() {
    this.close();
    this.#setStatus("refused");
  }

  /** Connect at once, without waiting for the backoff or an attempt: the reader asked for it. */
  retry() {
    if (this.#isClosed || (this.status !== "stale" && this.status !== "offline")) return;
    this.#disconnect();
    this.#open();
  }

  /**
   * Subscribe to more channels, now and whenever the connection opens again.
   *
   * @param {string[]} channels
   */
  subscribe(channels) {
    this.#channels = [...new Set([...this.#channels, ...channels])];
    if (!this.#heartbeat) return; // the server's first message is still to come
    this.#request(channels, this.#options.snapshot);
    this.#showProgress();
  }

  // -- Opening and closing ---------------------------------------------------------------------

  #open() {
    this.#setStatus(this.#unconnected());
    const url = new URL(this.#options.url, globalThis.location?.href).href.replace(/^http/, "ws");
    this.#socket = this.#options.open?.(url) ?? new WebSocket(url);
    this.#socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    this.#socket.onclose = ({ code, reason }) => this.#closed(code, reason);
    this.#expectAnswer();
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #closed(code, reason) {
    this.#disconnect();
    const action = CLOSE_CODES[`${code} ${reason}`] ?? CLOSE_CODES[code] ?? "resume";
    if (action === "sign in") {
      this.refuse();
      return;
    }
    if (action === "back off") this.#attempt = Math.max(this.#attempt, BACK_OFF_ATTEMPT);
    this.#setStatus(this.#unconnected());
    const milliseconds = (this.#options.backoff ?? backoff)(this.#attempt++);
    this.#retry = setTimeout(() => this.#open(), milliseconds);
  }

  /** Drop the socket without waiting for its closing handshake, which a dead network never ends. */
  #disconnect() {
    clearTimeout(this.#retry);
    clearTimeout(this.#deadline);
    clearInterval(this.#heartbeat);
    this.#heartbeat = undefined;
    this.#asked.clear();
    this.#targets.clear();
    this.#gaps.clear();
    this.#unanswered = 0;
    if (this.#socket) {
      this.#socket.onmessage = this.#socket.onclose = null;
      this.#socket.close();
      this.#socket = null;
    }
  }

  #drop = () => this.#closed(0, "");

  #shown = () => {
    if (document.visibilityState === "visible") this.#wake();
  };

  /** The network or the reader came back: connect at once, or check the connection. */
  #wake = () => {
    if (this.#socket) {
      this.#expectAnswer();
      this.#ping();
    } else {
      clearTimeout(this.#retry);
      this.#open();
    }
  };

  #expectAnswer() {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(this.#drop, ANSWER_MS);
  }

  // -- Messages ----------------------------------------------------------------------------------

  /** @param {any} message */
  #receive(message) {
    this.#options.onReceive?.(message);
    switch (message.type) {
      case "connection_ack":
        this.#options.onTime?.(message.timestamp);
        this.#request(this.#channels, this.#options.snapshot);
        this.#heartbeat = setInterval(() => this.#pulse(), PING_MS);
        break;
      case "subscription_confirmed":
        this.#confirmed(message);
        break;
      case "unsubscription_confirmed":
        break;
      case "pong":
        this.#options.onTime?.(message.timestamp);
        this.#unanswered = 0;
        this.#compare(message.positions ?? {});
        break;
      case "error":
        console.warn(`${message.error_code}: ${message.error_message}`);
        if (message.error_code === "FORBIDDEN_CHANNEL") this.#leaveOut(message.details.channels);
        break;
      default:
        if ("offset" in message) this.#apply(message);
        else this.#deliver(message); // a last value
    }
    if (this.#asked.size === 0) clearTimeout(this.#deadline);
  }

  /** @param {object} message */
  #send(message) {
    this.#socket?.send(JSON.stringify(message));
  }

  /**
   * @param {string[]} channels
   * @param {boolean} [snapshot]
   */
  #request(channels, snapshot = false) {
    const known = channels.filter((channel) => channel in this.positions);
    const since = Object.fromEntries(known.map((channel) => [channel, this.positions[channel]]));
    for (const channel of channels) this.#asked.add(channel);
    this.#expectAnswer();
    this.#send({ type: "subscribe", channels, since, snapshot });
  }

  /**
   * Subscribe again without the channels that the user may not read: the server refuses a whole
   * request that names one.
   *
   * @param {string[]} forbidden
   */
  #leaveOut(forbidden) {
    for (const channel of forbidden) delete this.positions[channel];
    this.#channels = this.#channels.filter((channel) => !forbidden.includes(channel));
    this.#asked.clear();
    this.#options.onForbidden?.(forbidden);
    if (this.#channels.length) this.#request(this.#channels, this.#options.snapshot);
    else this.refuse();
  }

  /** @param {{ channels: string[], positions?: Positions, recovered?: Record<string, boolean> }} told */
  #confirmed({ channels, positions = {}, recovered = {} }) {
    let reload = false;
    Object.assign(this.#tops, positions);
    for (const channel of channels) {
      this.#asked.delete(channel);
      const top = positions[channel];
      if (!top) continue; // a channel of last values, or one that this server does not know
      if (!(channel in this.positions)) this.positions[channel] = top;
      else if (recovered[channel]) this.#targets.set(channel, top.offset);
      else reload = true;
    }
    if (reload) this.#reload();
    this.#showProgress();
  }

  /**
   * Deliver an event of a log if it is the next one; request what is missing before it.
   *
   * @param {LogEvent} message
   */
  #apply(message) {
    if (this.#held) {
      this.#held.push(message);
      return;
    }
    const { channel, offset } = message;
    const last = this.positions[channel];
    if (!last || offset <= last.offset) return;
    if (offset > last.offset + 1) {
      this.#resume(channel);
      return;
    }
    this.positions[channel] = { epoch: last.epoch, offset };
    this.#showProgress();
    this.#deliver(message);
  }

  /** @param {Message} message */
  #deliver(message) {
    try {
      this.#options.onMessage(message);
    } catch (error) {
      (globalThis.reportError ?? console.error)(error); // after an error in the page, later events must still arrive
    }
  }

  /**
   * Request missing events; reload if the answer had the same gap.
   *
   * @param {string} channel
   */
  #resume(channel) {
    if (this.#asked.has(channel) || this.#socket?.readyState !== WebSocket.OPEN) return;
    const offset = this.positions[channel]?.offset ?? 0;
    if (this.#gaps.get(channel) === offset) {
      this.#reload();
    } else {
      this.#gaps.set(channel, offset);
      this.#request([channel]);
    }
    this.#showProgress();
  }

  // -- Reloading ---------------------------------------------------------------------------------

  async #reload() {
    if (this.#held) return;
    this.#held = [];
    const positions = await this.#readAgain();
    /** @type {LogEvent[]} */
    const held = this.#held;
    this.#held = null;
    if (this.#isClosed) return;
    Object.assign(this.positions, positions);
    for (const message of held) this.#apply(message);
    this.#showProgress();
    this.#ping(); // its pong shows whether the page was read before the connection opened
  }

  async #readAgain() {
    for (let attempt = 0; !this.#isClosed; attempt++) {
      try {
        return await this.#options.onReload({ ...this.#tops });
      } catch (error) {
        console.warn(`Reloading failed, will be tried again: ${error}`);
        await pause(backoff(attempt));
      }
    }
    return {};
  }

  // -- Pulse ---------------------------------------------------------------------------------------

  #pulse() {
    if (this.#unanswered >= MISSED_PONGS) {
      this.#drop();
      return;
    }
    this.#acknowledge();
    this.#ping();
  }

  #ping() {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#unanswered++;
    this.#send({ type: "ping", timestamp: new Date().toISOString() });
  }

  /** Send the server this client's positions, for the metric of clients' lag. */
  #acknowledge() {
    const offsets = Object.entries(this.positions).map(([channel, { offset }]) => [
      channel,
      offset,
    ]);
    this.#send({ type: "ack", positions: Object.fromEntries(offsets) });
  }

  /**
   * A pong comes after all events sent before it: if its positions are ahead of ours, events were lost.
   *
   * @param {Positions} positions
   */
  #compare(positions) {
    if (this.#held) return;
    for (const [channel, top] of Object.entries(positions)) {
      const last = this.positions[channel];
      if (last && (top.epoch !== last.epoch || top.offset > last.offset)) this.#resume(channel);
    }
  }

  // -- Status --------------------------------------------------------------------------------------

  /** @returns {Status} */
  #unconnected() {
    if (globalThis.navigator?.onLine === false) return "offline";
    return this.#wasLive ? "stale" : "connecting";
  }

  #showProgress() {
    for (const [channel, offset] of this.#targets) {
      if ((this.positions[channel]?.offset ?? 0) >= offset) this.#targets.delete(channel);
    }
    if (!this.#socket || this.#isClosed) return;
    if (this.#held || this.#asked.size || this.#targets.size) {
      if (this.#wasLive || !this.#asked.size) this.#setStatus("catching up");
      return;
    }
    this.#attempt = 0;
    this.#wasLive = true;
    this.#setStatus("live");
  }

  /** @param {Status} status */
  #setStatus(status) {
    if (status === this.status) return;
    this.status = status;
    this.#options.onStatus(status);
  }
}
