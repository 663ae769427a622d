import assert from "node:assert/strict";
import test from "node:test";

import {
  contentSentence,
  spaceSentence,
  unknownSentence,
} from "../../../web/page/source/logic/store.js";
import { NOW, storeReport } from "./samples.js";

const INTERVAL = 30_000;

/** @param {number} seconds */
const before = (seconds) => new Date(NOW - seconds * 1000).toISOString();

test("an answer that comes in time is believed, and so is a page that still loads", () => {
  const known = (/** @type {string | null} */ received) =>
    unknownSentence({ received, error: null }, NOW, INTERVAL);
  assert.equal(known(before(90)), null);
  assert.equal(known(null), null);
});

test("an answer that is too old is unknown, with its age", () => {
  assert.equal(
    unknownSentence({ received: before(91), error: null }, NOW, INTERVAL),
    "What the store holds now is unknown: the master has not answered since. " +
      "What you see is from 1 minute ago.",
  );
});

test("an answer that fails is unknown at once, with its cause and what was known before", () => {
  const error = new Error("the master failed; its log says more");
  const cause = "What the store holds now is unknown: the master failed; its log says more.";
  assert.equal(unknownSentence({ received: null, error }, NOW, INTERVAL), cause);
  assert.equal(
    unknownSentence({ received: before(7200), error }, NOW, INTERVAL),
    `${cause} What you see is from 2 hours ago.`,
  );
});

test("artifacts are counted with their size, and an empty store says what fills it", () => {
  assert.equal(contentSentence(storeReport()), "12 (421.0 MB)");
  assert.equal(contentSentence(storeReport({ artifacts: 1, size: 999 })), "1 (999 B)");
  assert.equal(
    contentSentence(storeReport({ artifacts: 0, size: 0 })),
    "none: the first build stores one",
  );
});

test("free space is shown beside the size of the disk", () => {
  assert.equal(spaceSentence(storeReport()), "9.5 GB of 40.0 GB");
});
