/** Invalidates queries of TanStack Query in batches: each key once, however many messages name it. */

/**
 * @typedef {readonly unknown[]} QueryKey
 * @typedef {object} QueryClient What is used of TanStack's.
 * @property {(filters: { queryKey: any }) => Promise<unknown>} invalidateQueries
 */

const BATCH_MS = 200;

/** @type {WeakMap<QueryClient, Invalidations>} */
const ofClients = new WeakMap();

/**
 * Return the batches of a query client, which all components share.
 *
 * @param {QueryClient} client
 */
export function invalidationsOf(client) {
  const known = ofClients.get(client);
  if (known) return known;
  const made = new Invalidations(client);
  ofClients.set(client, made);
  return made;
}

export class Invalidations {
  #client;
  /** @type {Map<string, QueryKey>} */
  #keys = new Map();
  /** @type {Promise<void> | null} The batch that waits. */
  #next = null;
  /** @type {Promise<unknown>} The batch that is read again. */
  #running = Promise.resolve();

  /** @param {QueryClient} client */
  constructor(client) {
    this.#client = client;
  }

  /**
   * Put keys into the next batch; resolves when its active queries were read again.
   *
   * @param {Iterable<QueryKey>} keys
   */
  add(keys) {
    for (const key of keys) this.#keys.set(JSON.stringify(key), key);
    this.#next ??= this.#batch();
    return this.#next;
  }

  /** Wait for the batch before: to invalidate a query cancels its request, for ever in a flood. */
  async #batch() {
    await new Promise((done) => setTimeout(done, BATCH_MS));
    await this.#running;
    const keys = [...this.#keys.values()];
    this.#keys.clear();
    this.#next = null;
    const read = keys.map((queryKey) => this.#client.invalidateQueries({ queryKey }));
    const all = Promise.all(read);
    this.#running = all.catch(() => {}); // whoever added the keys hears of it
    await all;
  }
}
