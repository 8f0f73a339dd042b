/** Where a connection got to in each log, kept over reloads of the page. */

/**
 * @typedef {import("./realtime/socket.js").Positions} Positions
 * @typedef {Pick<Storage, "getItem" | "setItem">} PositionStorage
 */

export class KeptPositions {
  #key;
  #storage;
  /** @type {Positions | null} */
  #positions = null;

  /**
   * @param {string} key
   * @param {PositionStorage | null} [storage] by default the sessionStorage of the page, if there
   *   is one; null keeps positions in memory
   */
  constructor(key, storage = sessionStorageOfPage()) {
    this.#key = key;
    this.#storage = storage;
  }

  /** @returns {Positions} */
  read() {
    this.#positions ??= this.#stored();
    return { ...this.#positions };
  }

  /** @param {Positions} positions */
  keep(positions) {
    this.#positions = { ...positions };
    try {
      this.#storage?.setItem(this.#key, JSON.stringify(positions));
    } catch (error) {
      console.warn(`Positions are not kept over reloads: ${error}`);
      this.#storage = null; // it is full, or forbidden
    }
  }

  #stored() {
    try {
      return valid(JSON.parse(this.#storage?.getItem(this.#key) ?? "{}"));
    } catch {
      return {}; // not what was stored: another program used the key
    }
  }
}

function sessionStorageOfPage() {
  try {
    return globalThis.sessionStorage ?? null;
  } catch {
    return null; // the browser forbids it
  }
}

/**
 * Return those of the stored positions that are some: the server closes a socket for others.
 *
 * @param {Record<string, any>} stored
 * @returns {Positions}
 */
function valid(stored) {
  const entries = Object.entries(stored).filter(
    ([, position]) => typeof position?.epoch === "string" && Number.isSafeInteger(position.offset),
  );
  return Object.fromEntries(entries);
}
