/** Parts of pages, read again from the server, and where they are found. */

const READ_MS = 15_000; // a network that fails during a request sends no error

/** The session has ended, or this user may not read the page any more. */
export class SignedOut extends Error {}

/**
 * Return the response of an address; throw SignedOut, or Error if it is no success.
 *
 * @param {string | URL} address
 * @param {RequestInit} [options]
 */
export async function read(address, options = {}) {
  // A redirect leads to the sign-in page, which is not a response to any request here.
  const answer = await fetch(address, {
    redirect: "manual",
    headers: { Accept: "*/*" },
    signal: AbortSignal.timeout(READ_MS),
    ...options,
  });
  if (answer.type === "opaqueredirect" || answer.status === 403) {
    throw new SignedOut(String(address));
  }
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer;
}

/**
 * The first element that fits `selector` in the page at an address; raises as `read` does.
 *
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string | URL} address
 * @param {string} selector
 * @returns {Promise<T>}
 */
export async function readElement(address, selector) {
  const text = await (await read(address)).text();
  const found = new DOMParser().parseFromString(text, "text/html").querySelector(selector);
  if (!found) throw new Error(`${address}: nothing fits ${selector}`);
  return /** @type {T} */ (found);
}

/**
 * The address of an APV (reviews/console/urls.py).
 *
 * @param {string} code
 */
export const addressOf = (code) => `/apvs/${code}`;

/** Whether the browser's address is that of an APV. */
export const isAtApv = () => location.pathname.startsWith(addressOf(""));
