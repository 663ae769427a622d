// What the store holds, in words.

/** @import { StoreReport } from "../../answers" */

import { ago, secondsBetween, size } from "./words.js";

/** After so many answers that did not come, the last one says nothing of the present. */
const MISSED_ANSWERS = 3;

/**
 * Why what the store holds is unknown now, and how old what is shown is; null while it is known.
 *
 * @param {{ received: string | null, error: Error | null }} answer
 * @param {number} now milliseconds since the epoch
 * @param {number} interval milliseconds between two answers
 */
export function unknownSentence({ received, error }, now, interval) {
  const isOld = received && secondsBetween(received, now) * 1000 > MISSED_ANSWERS * interval;
  if (!error && !isOld) return null;
  const cause = error ? error.message : "the master has not answered since";
  const known = received ? ` What you see is from ${ago(received, now)}.` : "";
  return `What the store holds now is unknown: ${cause}.${known}`;
}

/** @param {StoreReport} report */
export function contentSentence({ artifacts, size: bytes }) {
  return artifacts ? `${artifacts} (${size(bytes)})` : "none: the first build stores one";
}

/** @param {StoreReport} report */
export function spaceSentence({ free, disk }) {
  return `${size(free)} of ${size(disk)}`;
}
