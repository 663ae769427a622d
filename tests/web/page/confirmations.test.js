import assert from "node:assert/strict";
import test from "node:test";

import {
  freeze,
  holdOrRelease,
  promoteAll,
  returnAll,
  thaw,
} from "../../../web/page/static/logic/confirmations.js";
import { cell, column, outcome, release, row } from "./samples.js";

const FREEZE = { owner: "ana", reason: "the launch", until: null };

test("a promotion of everything names each release that was shown, in order", () => {
  const rows = ["docs", "blog"].map((component, index) =>
    row({ component, cells: [cell({ waiting: release({ digest: `${index}`.repeat(64) }) })] }),
  );
  const confirmation = promoteAll({ column: column({ freeze: FREEZE }), rows });
  assert.equal(confirmation.button, "site-production-promote-all");
  assert.deepEqual(confirmation.fields, {
    wanted: `docs=${"0".repeat(64)},blog=${"1".repeat(64)}`,
  });
  assert.match(confirmation.text, /in this order: docs, blog\./);
  assert.equal(confirmation.confirm, "Promote 2 releases");
  assert.equal(confirmation.freeze, FREEZE);
});

test("an environment is frozen and thawed by buttons of its own", () => {
  assert.equal(freeze(column()).button, "site-production-freeze");
  const end = thaw(column({ freeze: FREEZE }));
  assert.equal(end.button, "site-production-thaw");
  assert.equal(end.text, "It is frozen by ana: the launch.");
});

test("what stopped half-way is returned by its number", () => {
  const stopped = outcome("docs failed");
  const confirmation = returnAll(column({ stopped, stopped_number: "17" }));
  assert.equal(confirmation.button, "site-production-return");
  assert.deepEqual(confirmation.fields, { wanted: "17" });
  assert.match(confirmation.text, /^docs failed\. What it moved is rolled back/);
});

test("a cell is put on hold, and one that is on hold is released", () => {
  const hold = holdOrRelease(row(), cell());
  assert.deepEqual([hold.title, hold.button], ["Hold blog in production", "blog-production-hold"]);
  const end = holdOrRelease(row(), cell({ hold: outcome("ana: a bug") }));
  assert.deepEqual(
    [end.title, end.button, end.text],
    [
      "Release the hold of blog in production",
      "blog-production-release-hold",
      "On hold by ana: a bug.",
    ],
  );
});
