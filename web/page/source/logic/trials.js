// What the trials of our changes on upstream's releases say, in words and states.

/** @import { TrialRow, TrialView } from "../../answers" */
/** @typedef {"pinned" | "newest" | "main"} Target */
/** @typedef {"bad" | "good" | "warn"} TrialState */

import { plural, short } from "./words.js";

/** @type {{ target: Target, name: string }[]} */
export const TARGETS = [
  { target: "pinned", name: "Pinned release" },
  { target: "newest", name: "Newest release" },
  { target: "main", name: "Main branch" },
];

/**
 * One trial; what fails on the upstream's main branch is not a release yet, so it only warns.
 *
 * @param {TrialView} trial
 * @returns {{ state: TrialState, verdict: string, commit: string, patches: string }}
 */
export function trialStatus({ target, fits, commit, patches }) {
  return {
    state: fits ? "good" : target === "main" ? "warn" : "bad",
    verdict: fits ? "fits" : "does not fit",
    commit: short(commit),
    patches: plural(patches.length, "patch"),
  };
}

/**
 * Why a component has no trial on a target.
 *
 * @param {TrialRow} row
 * @param {Target} target
 */
export function noTrialReason(row, target) {
  if (row.unknown) return row.unknown;
  if (!row.trials.length) return "not tried yet";
  return target === "newest" ? "no newer release" : "";
}
