/** What each component heard, in order, over reloads of the page. */

const KEY = "journal";
const heard = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");

export const journal = {
  heard,
  /**
   * @param {string} by
   * @param {any} message
   */
  add(by, message) {
    heard.push({ by, ...message });
    sessionStorage.setItem(KEY, JSON.stringify(heard));
  },
};
