// A line of the history in words.

/** @import { Deployment } from "../../answers" */

import { duration, secondsBetween } from "./words.js";

/** @type {Record<string, string | undefined>} */
const ACTIONS = {
  approve: "approved",
  configure: "configured again",
  deploy: "deployed",
  freeze: "frozen",
  hold: "put on hold",
  "lift-hold": "hold lifted",
  promote: "promoted",
  "promote-all": "promoted everything",
  revert: "reverted everything",
  "roll-back": "rolled back",
  thaw: "freeze ended",
};

/** @param {Deployment} deployment */
export function deploymentStatus(deployment) {
  const { action, before, component, digest, finished, outcome, started } = deployment;
  return {
    action: ACTIONS[action] ?? action,
    /** The release that it replaced, if it replaced one by another. */
    replaced: before !== digest ? before : null,
    isWholeSite: component === "site",
    took: duration(secondsBetween(started, new Date(finished).getTime())),
    isWrong: ["failed", "refused"].includes(outcome),
  };
}
