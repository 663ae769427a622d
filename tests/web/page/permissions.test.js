import assert from "node:assert/strict";
import test from "node:test";

import {
  approvalNote,
  needsApproval,
  promotionWarning,
  visitorName,
  whyNoPromotion,
  whyNoRollBack,
  whyNotReleaser,
} from "../../../web/page/source/logic/permissions.js";
import { cell, column, release, running } from "./samples.js";

const FREEZE = { owner: "ana", reason: "the launch", until: null };

test("a visitor is known by the address, else by the name, once logged in", () => {
  assert.equal(visitorName(undefined), null);
  assert.equal(visitorName({ anonymous: true }), null);
  assert.equal(visitorName({ username: "ana" }), "ana");
  assert.equal(visitorName({ username: "ana", email: "ana@example.org" }), "ana@example.org");
  assert.equal(visitorName({}), null);
});

test("a releaser may press", () => {
  assert.equal(whyNotReleaser("ana", ["ana", "ben"]), null);
});

test("somebody else is named, with those who may press", () => {
  assert.equal(
    whyNotReleaser("eve", ["ana", "ben"]),
    "eve is not a releaser: ana, ben may press this.",
  );
});

test("an anonymous visitor is asked to log in", () => {
  assert.match(whyNotReleaser(null, ["ana"]) ?? "", /^Only releasers may press this\. Log in/);
});

test("nothing is promoted or rolled back while a build runs in the cell", () => {
  const busy = cell({ running: running(), earlier: [release()] });
  assert.equal(whyNoPromotion(busy), "a build is running here");
  assert.equal(whyNoRollBack(busy), "a build is running here");
});

test("an idle cell can be promoted to, and rolled back when something was live before", () => {
  assert.equal(whyNoPromotion(cell()), null);
  assert.equal(whyNoRollBack(cell({ earlier: [release()] })), null);
  assert.equal(whyNoRollBack(cell()), "nothing was live here before");
});

test("where an approval is required, only the approval of another one counts", () => {
  const two = column({ two_person: true });
  assert.equal(needsApproval(two, cell(), "ana"), true);
  assert.equal(needsApproval(two, cell({ approvals: ["ana"] }), "ana"), true);
  assert.equal(needsApproval(two, cell({ approvals: ["ana", "ben"] }), "ana"), false);
  assert.equal(needsApproval(column(), cell(), "ana"), false);
});

test("approvals are noted where they are required", () => {
  const two = column({ two_person: true });
  assert.equal(approvalNote(column(), cell({ approvals: ["ben"] })), null);
  assert.match(approvalNote(two, cell()) ?? "", /^An approval is required/);
  assert.equal(approvalNote(two, cell({ approvals: ["ben"] })), "Approved by ben.");
});

test("what blocks a promotion is a warning, unless the dialog says it elsewhere", () => {
  const blocked_by = "staging has something newer";
  const two = column({ two_person: true });
  assert.equal(promotionWarning(column(), cell({ blocked_by }), "ana"), blocked_by);
  assert.equal(promotionWarning(column(), cell(), "ana"), null);
  assert.equal(promotionWarning(column({ freeze: FREEZE }), cell({ blocked_by }), "ana"), null);
  assert.equal(promotionWarning(two, cell({ blocked_by }), "ana"), null);
  assert.equal(promotionWarning(two, cell({ blocked_by, approvals: ["ben"] }), "ana"), blocked_by);
});
