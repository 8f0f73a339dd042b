/** Sockets that are opened with a ticket: for pages of other origins, and where no cookie counts. */

/** The server refuses to give a ticket: the user has to sign in. */
export class TicketRefused extends Error {
  name = "TicketRefused";
}

/**
 * Ask for a ticket: the console's `/hitl/ws/ticket`, or a server of yours that passes one on.
 *
 * @param {string} url
 * @param {RequestInit} [request] headers, for example
 * @returns {Promise<string>}
 */
export async function fetchTicket(url, request) {
  const answer = await fetch(url, { method: "POST", ...request });
  if (answer.status === 401 || answer.status === 403) {
    throw new TicketRefused(`${url} answered ${answer.status}`);
  }
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return (await answer.json()).ticket;
}

/**
 * Return the opener of sockets that the core takes: each gets a ticket of its own, which opens one
 * socket. Without a function that gets tickets, the cookie counts.
 *
 * @param {(() => Promise<string>) | undefined} ticket
 */
export function opener(ticket) {
  /** @param {string} url */
  return (url) => (ticket ? new TicketSocket(url, ticket) : new WebSocket(url));
}

/** A WebSocket, as far as the core uses it, that opens when its ticket has come. */
class TicketSocket {
  /** @type {WebSocket["onmessage"]} */
  onmessage = null;
  /** @type {WebSocket["onclose"]} */
  onclose = null;
  /** @type {WebSocket | null} */
  #socket = null;
  #isClosed = false;

  /**
   * @param {string} url
   * @param {() => Promise<string>} ticket
   */
  constructor(url, ticket) {
    this.#open(url, ticket).catch((error) => this.#fail(error));
  }

  get readyState() {
    return this.#socket?.readyState ?? WebSocket.CONNECTING;
  }

  /** @param {Parameters<WebSocket["send"]>[0]} data */
  send(data) {
    this.#socket?.send(data);
  }

  close() {
    this.#isClosed = true;
    this.#socket?.close();
  }

  /**
   * @param {string} url
   * @param {() => Promise<string>} ticket
   */
  async #open(url, ticket) {
    const address = new URL(url);
    address.searchParams.set("token", await ticket());
    if (this.#isClosed) return;
    const socket = new WebSocket(address);
    socket.onmessage = (event) => this.onmessage?.call(socket, event);
    socket.onclose = (event) => this.onclose?.call(socket, event);
    this.#socket = socket;
  }

  /**
   * End as a socket does that the server refused, or that could not be opened.
   *
   * @param {unknown} error
   */
  #fail(error) {
    if (this.#isClosed) return;
    console.warn(`No ticket for the socket: ${error}`);
    const refused = { code: 1008, reason: "Invalid token" };
    /** @type {any} */
    const event = error instanceof TicketRefused ? refused : { code: 1006, reason: "" };
    this.onclose?.call(/** @type {any} */ (this), event);
  }
}
