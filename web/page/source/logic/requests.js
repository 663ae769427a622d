// What has become of a request that a button made, in words.

/**
 * @typedef {object} Build as Buildbot's own API describes it
 * @property {number} builderid
 * @property {number} number
 * @property {boolean} complete
 * @property {number | null} results
 * @property {string} state_string
 */
/** @typedef {"bad" | "good" | "note" | "running"} NoticeState */
/** @typedef {{ text: string, state: NoticeState, link?: string }} Notice */

import { buildSentence } from "./words.js";

/** https://docs.buildbot.net/latest/developer/results.html */
const SUCCESS = 0;
const SKIPPED = 3;
const RETRY = 5;

/**
 * Whether a build will not go on; one that lost its worker is repeated.
 *
 * @param {Build} build
 */
export function isFinished(build) {
  return build.complete && build.results !== RETRY;
}

/**
 * @param {Build} build
 * @returns {Notice}
 */
export function buildNotice(build) {
  return {
    text: buildSentence(build.state_string),
    state: isFinished(build) ? outcomeState(build.results) : "running",
    link: `#/builders/${build.builderid}/builds/${build.number}`,
  };
}

/** @param {number | null} results */
function outcomeState(results) {
  if (results === SUCCESS) return "good";
  return results === SKIPPED ? "note" : "bad";
}

/**
 * @param {boolean} isCancelled
 * @returns {Notice}
 */
export function noBuildNotice(isCancelled) {
  return isCancelled
    ? { text: "it was cancelled before it began", state: "note" }
    : { text: "waits for its turn", state: "running" };
}

/**
 * What an error of Buildbot's API says; null when it says nothing.
 *
 * @param {unknown} error
 * @returns {string | null}
 */
export function errorSentence(error) {
  if (typeof error === "string") return error || null;
  if (typeof error !== "object" || error === null) return null;
  const message = "message" in error ? error.message : null;
  if (typeof message === "object" && message !== null) return Object.values(message).join("; ");
  return typeof message === "string" ? message : null;
}
