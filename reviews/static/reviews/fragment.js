/** Parts of pages, read anew from the server. */

const READ_MS = 15_000; // a line that died under a request never says so

/** The session has ended, or this user may not read the page any more. */
export class SignedOut extends Error {}

export async function read(address, options = {}) {
  // A redirect leads to the sign-in page, which is no answer to anything asked here.
  const answer = await fetch(address, {
    redirect: "manual",
    headers: { Accept: "*/*" },
    signal: AbortSignal.timeout(READ_MS),
    ...options,
  });
  if (answer.type === "opaqueredirect" || answer.status === 403) throw new SignedOut(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer;
}

export async function readElement(address, selector) {
  const text = await (await read(address)).text();
  return new DOMParser().parseFromString(text, "text/html").querySelector(selector);
}
