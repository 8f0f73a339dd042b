/** Where an APV is found (reviews/console/urls.py). */

/** @param {string} code */
export const addressOf = (code) => `/apvs/${code}`;

/** Whether the browser's address is that of an APV. */
export const isAtApv = () => location.pathname.startsWith(addressOf(""));
