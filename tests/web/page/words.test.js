import assert from "node:assert/strict";
import test from "node:test";

import {
  ago,
  buildSentence,
  duration,
  growth,
  plural,
  secondsBetween,
  short,
  size,
  waits,
} from "../../../web/page/source/logic/words.js";

const NOW = Date.parse("2026-03-10T12:00:00Z");

/** @param {number} seconds */
const before = (seconds) => new Date(NOW - seconds * 1000).toISOString();

test("a moment is told by the largest unit that is full", () => {
  const cases = /** @type {const} */ ([
    [0, "just now"],
    [59.9, "just now"],
    [60, "1 minute ago"],
    [119, "1 minute ago"],
    [120, "2 minutes ago"],
    [3599, "59 minutes ago"],
    [3600, "1 hour ago"],
    [86399, "23 hours ago"],
    [86400, "1 day ago"],
    [30 * 86400, "30 days ago"],
  ]);
  for (const [seconds, expected] of cases) assert.equal(ago(before(seconds), NOW), expected);
});

test("a moment that is ahead of this clock is just now", () => {
  assert.equal(ago(before(-30), NOW), "just now");
  assert.equal(secondsBetween(before(-30), NOW), 0);
});

test("a noun is in the plural for every count but one", () => {
  assert.equal(plural(0, "release"), "0 releases");
  assert.equal(plural(1, "release"), "1 release");
  assert.equal(plural(2, "patch"), "2 patches");
  assert.equal(plural(1, "entry"), "1 entry");
  assert.equal(plural(2, "entry"), "2 entries");
  assert.equal(plural(2, "day"), "2 days");
});

test("the verb agrees with the count", () => {
  assert.equal(waits(1, "request"), "1 request waits");
  assert.equal(waits(2, "request"), "2 requests wait");
});

test("a duration is never zero, and never says sixty of a unit", () => {
  const cases = /** @type {const} */ ([
    [0, "1 s"],
    [1.4, "1 s"],
    [59.4, "59 s"],
    [59.5, "1 min"],
    [60, "1 min"],
    [3569, "59 min"],
    [3570, "1.0 h"],
    [5400, "1.5 h"],
  ]);
  for (const [seconds, expected] of cases) assert.equal(duration(seconds), expected);
});

test("a size has the unit in which it is at least one", () => {
  const cases = /** @type {const} */ ([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [999_949, "999.9 kB"],
    [999_950, "1.0 MB"],
    [12_340_000, "12.3 MB"],
    [999_949_999, "999.9 MB"],
    [999_950_000, "1.0 GB"],
    [9_500_000_000, "9.5 GB"],
  ]);
  for (const [bytes, expected] of cases) assert.equal(size(bytes), expected);
});

test("growth has a sign, zero too", () => {
  assert.equal(growth(1500), "+1.5 kB");
  assert.equal(growth(-1500), "−1.5 kB");
  assert.equal(growth(0), "+0 B");
});

test("a digest is shown by its first twelve digits and a commit by eight", () => {
  assert.equal(short("0123456789abcdef"), "0123456789ab");
  assert.equal(short("0123456789abcdef", 8), "01234567");
});

test("a build's state is shown without the words that Buildbot adds", () => {
  assert.equal(buildSentence("build successful promoted 1.2"), "promoted 1.2");
  assert.equal(buildSentence("failed refused: frozen (failure)"), "refused: frozen");
  assert.equal(buildSentence("promoting"), "promoting");
});
