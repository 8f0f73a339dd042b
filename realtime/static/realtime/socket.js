/**
 * A line to /hitl/ws that tells every event once and in order, or says that the page must reload.
 *
 *   const line = connect({
 *     url: "/hitl/ws",
 *     channels: ["apvs", "decisions", "stats"],             // those it may read are followed
 *     positions: { apvs: { epoch: "5f0c…", offset: 41 } },  // where the page was read, if known
 *     snapshot: true,                                        // the state channels at once
 *     onMessage: (message) => …,                             // an event or a state
 *     onTime: (timestamp) => …,                              // what time it is at the server; optional
 *     onStatus: (status) => …,                               // one of STATUSES
 *     onReload: async () => positions,                       // read anew; where that was read
 *     onForbidden: (channels) => …,                          // goes on without these; optional
 *   });
 *
 * The wire format is described in docs/protocol.md.
 */

export const STATUSES = ["connecting", "live", "catching up", "stale", "offline", "refused"];

const PING_MS = 30_000;
const MISSED_PONGS = 2;
const ANSWER_MS = 15_000;
const BACKOFF_MS = 1_000;
const BACKOFF_MOST_MS = 30_000;
const CALM_ATTEMPT = 5; // where the backoff goes on after a server asked for calm

const NOT_WELCOME = 4401;
const POLICY_VIOLATION = 1008;
const FLOODED = 4429;

export function connect(options) {
  return new Line(options);
}

/** Exponential backoff with full jitter. */
function backoff(attempt) {
  return Math.random() * Math.min(BACKOFF_MOST_MS, BACKOFF_MS * 2 ** attempt);
}

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

class Line {
  positions;
  status = null;

  #options;
  #channels; // what is followed: less than was asked for when the user may not read some
  #socket = null;
  #attempt = 0;
  #wasLive = false;
  #over = false;
  #unanswered = 0; // pings without a pong
  #asked = new Set(); // channels whose confirmation is awaited
  #targets = new Map(); // channel → offset that a replay leads to
  #holes = new Map(); // channel → offset behind which a hole was seen last
  #held = null; // events that wait while the page reloads
  #retry;
  #deadline;
  #heartbeat;

  constructor(options) {
    this.#options = options;
    this.#channels = options.channels;
    this.positions = { ...options.positions };
    addEventListener("online", this.#wake);
    addEventListener("offline", this.#drop);
    document.addEventListener("visibilitychange", this.#seen);
    this.#open();
  }

  /** End the line for good. */
  close() {
    this.#over = true;
    removeEventListener("online", this.#wake);
    removeEventListener("offline", this.#drop);
    document.removeEventListener("visibilitychange", this.#seen);
    this.#cut();
  }

  /** End the line for good, because the server does not let this user in any more. */
  refuse() {
    this.close();
    this.#tell("refused");
  }

  /** Connect at once, instead of when the backoff or an attempt ends: somebody asked for it. */
  retry() {
    if (this.#over || !["stale", "offline"].includes(this.status)) return;
    this.#cut();
    this.#open();
  }

  // -- Opening and closing ---------------------------------------------------------------------

  #open() {
    this.#tell(this.#unconnected());
    const url = new URL(this.#options.url, location.href).href.replace(/^http/, "ws");
    this.#socket = new WebSocket(url);
    this.#socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    this.#socket.onclose = ({ code, reason }) => this.#lost(code, reason);
    this.#expectAnswer();
  }

  #lost(code, reason) {
    this.#cut();
    const invalid = code === POLICY_VIOLATION && reason === "Invalid token";
    if (invalid || code === NOT_WELCOME) {
      this.refuse();
      return;
    }
    if (code === POLICY_VIOLATION || code === FLOODED) {
      this.#attempt = Math.max(this.#attempt, CALM_ATTEMPT);
    }
    this.#tell(this.#unconnected());
    this.#retry = setTimeout(() => this.#open(), backoff(this.#attempt++));
  }

  /** Leave the socket without waiting for its closing handshake, which a dead line never ends. */
  #cut() {
    clearTimeout(this.#retry);
    clearTimeout(this.#deadline);
    clearInterval(this.#heartbeat);
    this.#asked.clear();
    this.#targets.clear();
    this.#holes.clear();
    this.#unanswered = 0;
    if (this.#socket) {
      this.#socket.onmessage = this.#socket.onclose = null;
      this.#socket.close();
      this.#socket = null;
    }
  }

  #drop = () => this.#lost(0, "");

  #seen = () => {
    if (document.visibilityState === "visible") this.#wake();
  };

  /** The network or the reader came back: connect at once, or see whether the line still lives. */
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

  #receive(message) {
    switch (message.type) {
      case "connection_ack":
        this.#options.onTime?.(message.timestamp);
        this.#subscribe(this.#channels, this.#options.snapshot);
        this.#heartbeat = setInterval(() => this.#beat(), PING_MS);
        break;
      case "subscription_confirmed":
        this.#confirmed(message);
        break;
      case "new_apv":
      case "decision_made":
        this.#take(message);
        break;
      case "stats_update":
        this.#hand(message);
        break;
      case "pong":
        this.#options.onTime?.(message.timestamp);
        this.#unanswered = 0;
        this.#compare(message.positions ?? {});
        break;
      case "unsubscription_confirmed":
        break;
      case "error":
        console.warn(`${message.error_code}: ${message.error_message}`);
        if (message.error_code === "FORBIDDEN_CHANNEL") this.#doWithout(message.details.channels);
        break;
    }
    if (this.#asked.size === 0) clearTimeout(this.#deadline);
  }

  #send(message) {
    this.#socket.send(JSON.stringify(message));
  }

  #subscribe(channels, snapshot = false) {
    const known = channels.filter((channel) => channel in this.positions);
    const since = Object.fromEntries(known.map((channel) => [channel, this.positions[channel]]));
    for (const channel of channels) this.#asked.add(channel);
    this.#expectAnswer();
    this.#send({ type: "subscribe", channels, since, snapshot });
  }

  /** Nothing of a request was subscribed that named channels which the user may not read. */
  #doWithout(forbidden) {
    for (const channel of forbidden) delete this.positions[channel];
    this.#channels = this.#channels.filter((channel) => !forbidden.includes(channel));
    this.#asked.clear();
    this.#options.onForbidden?.(forbidden);
    if (this.#channels.length) this.#subscribe(this.#channels, this.#options.snapshot);
    else this.refuse();
  }

  #confirmed({ channels, positions = {}, recovered = {} }) {
    let reload = false;
    for (const channel of channels) {
      this.#asked.delete(channel);
      const top = positions[channel];
      if (!top) continue; // a state, or a channel this server does not know
      if (!(channel in this.positions)) this.positions[channel] = top;
      else if (recovered[channel]) this.#targets.set(channel, top.offset);
      else reload = true;
    }
    if (reload) this.#reload();
    this.#settle();
  }

  #take(message) {
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
    this.#settle();
    this.#hand(message);
  }

  #hand(message) {
    try {
      this.#options.onMessage(message);
    } catch (error) {
      reportError(error); // the page's fault must not cost it the next event
    }
  }

  /** Ask again for what a hole swallowed; read anew when the answer had the same hole. */
  #resume(channel) {
    if (this.#asked.has(channel) || this.#socket?.readyState !== WebSocket.OPEN) return;
    const { offset } = this.positions[channel];
    if (this.#holes.get(channel) === offset) {
      this.#reload();
    } else {
      this.#holes.set(channel, offset);
      this.#subscribe([channel]);
    }
    this.#settle();
  }

  // -- Reloading ---------------------------------------------------------------------------------

  async #reload() {
    if (this.#held) return;
    this.#held = [];
    const positions = await this.#readAnew();
    const held = this.#held;
    this.#held = null;
    if (this.#over) return;
    Object.assign(this.positions, positions);
    for (const message of held) this.#take(message);
    this.#settle();
    this.#ping(); // its pong shows whether the list was read before the line stood
  }

  async #readAnew() {
    for (let attempt = 0; !this.#over; attempt++) {
      try {
        return await this.#options.onReload();
      } catch (error) {
        console.warn(`Reloading failed, will be tried again: ${error}`);
        await pause(backoff(attempt));
      }
    }
    return {};
  }

  // -- Pulse ---------------------------------------------------------------------------------------

  #beat() {
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

  /** Tell how far this client has come, for the server's lag metric. */
  #acknowledge() {
    const offsets = Object.entries(this.positions).map(([channel, { offset }]) => [
      channel,
      offset,
    ]);
    this.#send({ type: "ack", positions: Object.fromEntries(offsets) });
  }

  /** A pong comes after every event before it: what it shows beyond ours was lost on the way. */
  #compare(positions) {
    if (this.#held) return;
    for (const [channel, top] of Object.entries(positions)) {
      const last = this.positions[channel];
      if (last && (top.epoch !== last.epoch || top.offset > last.offset)) this.#resume(channel);
    }
  }

  // -- Status --------------------------------------------------------------------------------------

  #unconnected() {
    if (!navigator.onLine) return "offline";
    return this.#wasLive ? "stale" : "connecting";
  }

  #settle() {
    for (const [channel, offset] of this.#targets) {
      if (this.positions[channel].offset >= offset) this.#targets.delete(channel);
    }
    if (!this.#socket || this.#over) return;
    if (this.#held || this.#asked.size || this.#targets.size) {
      if (this.#wasLive || !this.#asked.size) this.#tell("catching up");
      return;
    }
    this.#attempt = 0;
    this.#wasLive = true;
    this.#tell("live");
  }

  #tell(status) {
    if (status === this.status) return;
    this.status = status;
    this.#options.onStatus(status);
  }
}
