import assert from "node:assert/strict";
import test from "node:test";

import { SETTLED, SOON, afterEvents, oneAtATime } from "../../../web/page/source/logic/events.js";

test("calls during a load lead to one more load, not to one each", async () => {
  /** @type {(() => void)[]} */
  const finish = [];
  const run = oneAtATime(() => new Promise((resolve) => finish.push(resolve)));
  const all = [run(), run(), run()];
  assert.equal(finish.length, 1);
  finish[0]?.();
  await all[1];
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(finish.length, 2);
  finish[1]?.();
  await all[0];
  assert.equal(finish.length, 2);
});

/**
 * Timers that run when the test says so; those of Node.js 18 cannot be mocked reliably.
 *
 * @param {import("node:test").TestContext} context
 */
function fakeTimers(context) {
  /** @type {Map<number, { at: number, run: () => void }>} */
  const timers = new Map();
  let now = 0;
  let identifier = 0;
  context.mock.method(globalThis, "setTimeout", (/** @type {() => void} */ run, delay = 0) => {
    identifier += 1;
    timers.set(identifier, { at: now + delay, run });
    return identifier;
  });
  context.mock.method(globalThis, "clearTimeout", (/** @type {number} */ timer) => {
    timers.delete(timer);
  });
  /** @param {number} milliseconds */
  return function advance(milliseconds) {
    now += milliseconds;
    for (const [timer, { at, run }] of [...timers]) {
      if (at > now) continue;
      timers.delete(timer);
      run();
    }
  };
}

test("a bunch of events leads to one load soon and one when they have settled", (context) => {
  const advance = fakeTimers(context);
  let loads = 0;
  const { schedule } = afterEvents(() => void (loads += 1));
  schedule();
  advance(SOON - 1);
  schedule();
  assert.equal(loads, 0);
  advance(1);
  assert.equal(loads, 1);
  advance(SETTLED - 2);
  assert.equal(loads, 1);
  advance(1);
  assert.equal(loads, 2);
});

test("nothing is loaded after the end", (context) => {
  const advance = fakeTimers(context);
  let loads = 0;
  const { schedule, cancel } = afterEvents(() => void (loads += 1));
  schedule();
  cancel();
  advance(SETTLED);
  assert.equal(loads, 0);
});
