import { createContext, createElement, useContext, useEffect, useSyncExternalStore } from "react";
import { invalidationsOf } from "../invalidations.js";
import { CHANNEL_OF } from "../messages.js";
import { SharedConnection } from "../shared.js";
import { useLatest } from "./latest.js";

/**
 * @typedef {import("../messages.js").ChannelMessage} ChannelMessage
 * @typedef {import("../invalidations.js").QueryKey} QueryKey
 *
 * @typedef {object} HITLOptions
 * @property {string[]} [channels] by default all that this version knows
 * @property {(message: ChannelMessage) => void} [onMessage]
 * @property {() => unknown} [onReload] reads again what is shown: events cannot be replayed, or the
 *   channel is followed from now on
 * @property {import("../invalidations.js").QueryClient} [queryClient] of TanStack Query
 * @property {{ [Type in ChannelMessage["type"]]?: readonly QueryKey[] }} [invalidates] the queries
 *   that each type of message makes out of date
 */

const CHANNELS = [...new Set(Object.values(CHANNEL_OF))];

/** Of components without a provider: the socket of the page's origin, with its cookie. */
const ofPage = new SharedConnection();
const Context = createContext(ofPage);

/**
 * Give the components below a connection of your own.
 *
 * @param {{ connection: SharedConnection, children?: import("react").ReactNode }} props
 */
export function HITLProvider({ connection, children }) {
  return createElement(Context.Provider, { value: connection }, children);
}

/**
 * Follow channels over the connection that all components share.
 *
 * @param {HITLOptions} [options]
 */
export function useHITL(options = {}) {
  const connection = useContext(Context);
  const state = useSyncExternalStore(
    connection.subscribe,
    connection.getState,
    connection.getServerState,
  );
  const latest = useLatest(options);
  const names = JSON.stringify(options.channels ?? CHANNELS);

  useEffect(
    () =>
      connection.listen({
        channels: JSON.parse(names),
        onMessage: (message) => hear(latest.current, message),
        onReload: () => readAgain(latest.current),
      }),
    [connection, names, latest],
  );

  return { ...state, isLive: state.status === "live", retry: connection.retry };
}

/**
 * @param {HITLOptions} options
 * @param {ChannelMessage} message
 */
function hear({ onMessage, queryClient, invalidates = {} }, message) {
  const keys = invalidates[message.type];
  if (queryClient && keys) invalidationsOf(queryClient).add(keys).catch(console.warn);
  onMessage?.(message);
}

/** @param {HITLOptions} options */
function readAgain({ onReload, queryClient, invalidates = {} }) {
  const keys = Object.values(invalidates).flat();
  const invalidated = queryClient && invalidationsOf(queryClient).add(keys);
  return Promise.all([invalidated, onReload?.()]);
}
