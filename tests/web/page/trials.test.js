import assert from "node:assert/strict";
import test from "node:test";

import { noTrialReason, trialStatus } from "../../../web/page/source/logic/trials.js";

/** @import { TrialRow, TrialView } from "../../../web/page/answers" */

/**
 * @param {Partial<TrialView>} [changes]
 * @returns {TrialView}
 */
function trial(changes) {
  const commit = "c".repeat(40);
  const result = { release: "6.2", words: "no patches apply", failed: "" };
  return { target: "newest", commit, fits: true, patches: [], ...result, ...changes };
}

/**
 * @param {Partial<TrialRow>} [changes]
 * @returns {TrialRow}
 */
function row(changes) {
  const names = { component: "blog", title: "Blog", link: "#/builders/1" };
  return { ...names, when: null, trials: [], unknown: "", offer: "", ...changes };
}

test("a release that does not fit is bad, and upstream's main branch only warns", () => {
  assert.equal(trialStatus(trial()).state, "good");
  assert.equal(trialStatus(trial({ fits: false })).state, "bad");
  assert.equal(trialStatus(trial({ fits: false, target: "pinned" })).state, "bad");
  assert.equal(trialStatus(trial({ fits: false, target: "main" })).state, "warn");
});

test("patches are counted and the commit is shortened", () => {
  const status = trialStatus(trial());
  assert.equal(status.patches, "0 patches");
  assert.equal(status.commit, "c".repeat(12));
});

test("a target without a trial says why", () => {
  assert.equal(noTrialReason(row(), "pinned"), "not tried yet");
  assert.equal(noTrialReason(row({ unknown: "cannot be reached" }), "main"), "cannot be reached");
  assert.equal(noTrialReason(row({ trials: [trial()] }), "newest"), "no newer release");
  assert.equal(noTrialReason(row({ trials: [trial()] }), "main"), "");
});
