import assert from "node:assert/strict";
import test from "node:test";

import {
  freeze,
  configure,
  holdOrLift,
  promoteAll,
  removeArtifacts,
  revert,
  thaw,
} from "../../../web/page/source/logic/confirmations.js";
import { cell, column, outcome, release, row, storeReport } from "./samples.js";

const FREEZE = { owner: "ana", reason: "the launch", until: null };

test("a promotion of everything names each release that was shown, in order", () => {
  const rows = ["docs", "blog"].map((component, index) =>
    row({ component, cells: [cell({ waiting: release({ digest: `${index}`.repeat(64) }) })] }),
  );
  const confirmation = promoteAll({ column: column({ freeze: FREEZE }), rows });
  assert.deepEqual(confirmation.button, {
    scheduler: "promote-all-production",
    builderid: 7,
  });
  assert.deepEqual(confirmation.fields, {
    wanted: `docs=${"0".repeat(64)},blog=${"1".repeat(64)}`,
  });
  assert.match(confirmation.text, /in this order: docs, blog\./);
  assert.equal(confirmation.confirm, "Promote 2 releases");
  assert.equal(confirmation.freeze, FREEZE);
});

test("an environment is frozen and thawed by buttons of its own", () => {
  assert.equal(freeze(column()).button.scheduler, "freeze-production");
  const end = thaw(column({ freeze: FREEZE }));
  assert.equal(end.button.scheduler, "thaw-production");
  assert.equal(end.text, "It is frozen by ana: the launch.");
});

test("what was interrupted is reverted by its number", () => {
  const interrupted = outcome("docs failed");
  const confirmation = revert(column({ interrupted, interrupted_build: "17" }));
  assert.equal(confirmation.button.scheduler, "revert-production");
  assert.deepEqual(confirmation.fields, { wanted: "17" });
  assert.match(confirmation.text, /^docs failed\. What it moved is rolled back/);
});

test("the live release is configured again by a button of its environment", () => {
  const again = configure(row(), cell(), column());
  assert.equal(again.title, "Configure blog in production again");
  assert.deepEqual(again.button, { scheduler: "configure-production", builderid: 5 });
});

test("a cell is put on hold, and the hold of one that is on hold is lifted", () => {
  const hold = holdOrLift(row(), cell(), column());
  assert.equal(hold.title, "Hold blog in production");
  assert.deepEqual(hold.button, { scheduler: "hold-production", builderid: 5 });
  const end = holdOrLift(row(), cell({ hold: outcome("ana: a bug") }), column());
  assert.deepEqual(
    [end.title, end.button.scheduler, end.text],
    ["Lift the hold of blog in production", "lift-hold-production", "On hold by ana: a bug."],
  );
});

test("what is not kept is removed by the button that the store's answer names", () => {
  const confirmation = removeArtifacts(storeReport({ button: "remove", builder_id: 9 }));
  assert.deepEqual(confirmation.button, { scheduler: "remove", builderid: 9 });
  assert.match(confirmation.text, /^Artifacts of the last 30 days are kept\. .*brought back/);
});
