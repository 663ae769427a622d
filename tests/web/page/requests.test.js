import assert from "node:assert/strict";
import test from "node:test";

import {
  buildNotice,
  errorSentence,
  noBuildNotice,
} from "../../../web/page/source/logic/requests.js";

/** @param {Partial<Parameters<typeof buildNotice>[0]>} [changes] */
function notice(changes) {
  const finished = { complete: true, results: 0, state_string: "build successful promoted" };
  return buildNotice({ builderid: 3, number: 7, ...finished, ...changes });
}

test("a finished build is good, a note or bad by its result", () => {
  const states = [0, 1, 2, 3, 4, 6].map((results) => notice({ results }).state);
  assert.deepEqual(states, ["good", "bad", "bad", "note", "bad", "bad"]);
});

test("a build that goes on, or whose worker was lost, is running", () => {
  assert.equal(notice({ complete: false, results: null }).state, "running");
  assert.equal(notice({ results: 5 }).state, "running");
});

test("a build is shown in its own words and linked to its page", () => {
  assert.equal(notice().text, "promoted");
  assert.equal(notice().link, "#/builders/3/builds/7");
});

test("a request without a build waits, or was cancelled", () => {
  assert.equal(noBuildNotice(false).state, "running");
  assert.deepEqual(noBuildNotice(true), {
    text: "it was cancelled before it began",
    state: "note",
  });
});

test("errors of Buildbot's API come in three shapes, and empty ones say nothing", () => {
  assert.equal(errorSentence("not found"), "not found");
  assert.equal(errorSentence({ message: "you must log in" }), "you must log in");
  assert.equal(errorSentence({ message: { reason: "is required", x: "bad" } }), "is required; bad");
  for (const empty of [undefined, null, "", {}, 7]) assert.equal(errorSentence(empty), null);
});
