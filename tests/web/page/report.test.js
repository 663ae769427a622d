import assert from "node:assert/strict";
import test from "node:test";

import {
  failureSentence,
  readySentence,
  removalSentence,
} from "../../../web/page/source/logic/report.js";

/** @import { MachineReport } from "../../../web/page/answers" */

/**
 * @param {Partial<MachineReport>} [changes]
 * @returns {MachineReport}
 */
function report(changes) {
  return {
    ready: 0,
    boot_seconds: 0,
    attach_seconds: 0,
    failures: {},
    removed: 0,
    swept: 0,
    deletes_failed: 0,
    missing: [],
    machines: [],
    leaving: 0,
    calls: {},
    ...changes,
  };
}

test("the averages are of the machines that became ready", () => {
  assert.equal(readySentence(report()), "0 machines got ready");
  assert.equal(
    readySentence(report({ ready: 2, boot_seconds: 40, attach_seconds: 6 })),
    "2 machines got ready: 20 s until ACTIVE and 3 s until the worker called, on average",
  );
});

test("failures are counted by cause", () => {
  assert.equal(failureSentence(report()), "no failures");
  assert.equal(
    failureSentence(report({ failures: { quota: 2, timeout: 1 } })),
    "failures: quota 2, timeout 1",
  );
});

test("removals say what is still under way and what was refused", () => {
  assert.doesNotMatch(removalSentence(report({ removed: 3 })), /;/);
  assert.match(
    removalSentence(report({ removed: 3, swept: 1, leaving: 2, deletes_failed: 4 })),
    /^3 removed, 1 of them .*; 2 on their way out; a delete was refused 4 times$/,
  );
});
