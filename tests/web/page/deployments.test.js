import assert from "node:assert/strict";
import test from "node:test";

import { deploymentStatus } from "../../../web/page/source/logic/deployments.js";
import { deployment } from "./samples.js";

test("an action is in the past tense, and one that the page does not know is left as it is", () => {
  assert.equal(deploymentStatus(deployment({ action: "roll-back" })).action, "rolled back");
  assert.equal(deploymentStatus(deployment({ action: "new-action" })).action, "new-action");
});

test("a deployment replaces a release only by another one", () => {
  const [a, b] = ["a".repeat(64), "b".repeat(64)];
  assert.equal(deploymentStatus(deployment({ before: b, digest: a })).replaced, b);
  assert.equal(deploymentStatus(deployment({ before: a, digest: a })).replaced, null);
  assert.equal(deploymentStatus(deployment({ before: null, digest: a })).replaced, null);
});

test("failures and refusals are wrong, other outcomes are not", () => {
  const outcomes = ["done", "refused", "failed", "nothing moved", "stopped", "repeated"];
  const wrong = outcomes.filter((outcome) => deploymentStatus(deployment({ outcome })).isWrong);
  assert.deepEqual(wrong, ["refused", "failed"]);
});

test("a deployment took from its start to its end", () => {
  assert.equal(deploymentStatus(deployment()).took, "3 s");
});

test("what concerns all components is of the whole site", () => {
  assert.equal(deploymentStatus(deployment({ component: "site" })).isWholeSite, true);
  assert.equal(deploymentStatus(deployment()).isWholeSite, false);
});
