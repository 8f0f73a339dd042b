import { useInsertionEffect, useRef } from "react";

/**
 * Return a ref with the value of the latest render, for handlers that are called between renders.
 *
 * @template Value
 * @param {Value} value
 */
export function useLatest(value) {
  const ref = useRef(value);
  useInsertionEffect(() => {
    ref.current = value;
  });
  return ref;
}
