import assert from "node:assert/strict";
import test from "node:test";

import {
  cellStatus,
  frozenSentence,
  healthStatus,
  isBusy,
  progress,
  summary,
  waitingReleases,
  waitingSentence,
} from "../../../web/page/source/logic/status.js";
import { formatDate } from "../../../web/page/source/logic/words.js";
import { NOW, board, cell, column, outcome, release, row, running } from "./samples.js";

const WAITING = cell({ waiting: release({ digest: "c".repeat(64) }) });

test("a board without builds and requests is not busy", () => {
  assert.equal(isBusy(board()), false);
});

test("a board is busy with a build of a component, a cell or an environment, or a request", () => {
  const busy = [
    board({ columns: [column({ running: running() })] }),
    board({ rows: [row({ building: running() })] }),
    board({ rows: [row({ cells: [cell({ running: running() })] })] }),
    board({ rows: [row({ cells: [cell({ queued: 1 })] })] }),
  ];
  assert.deepEqual(busy.map(isBusy), [true, true, true, true]);
});

test("what waits is listed by environment, in the order of the rows", () => {
  const [waiting, ...others] = waitingReleases(
    board({
      columns: [column({ name: "staging", promotes_from: null }), column()],
      rows: ["blog", "docs", "wiki"].map((component) =>
        row({
          component,
          cells: [cell({ environment: "staging" }), component === "docs" ? cell() : WAITING],
        }),
      ),
    }),
  );
  assert.ok(waiting);
  assert.equal(waiting.column.name, "production");
  assert.deepEqual(
    waiting.rows.map(({ component }) => component),
    ["blog", "wiki"],
  );
  assert.equal(waitingSentence(waiting), "2 releases wait for production");
  assert.deepEqual(others, []);
});

test("the summary is good when nothing waits and nothing is wrong", () => {
  assert.deepEqual(summary(board()), { state: "good", notes: [] });
});

test("the summary is waiting when a release waits", () => {
  assert.equal(summary(board({ rows: [row({ cells: [WAITING] })] })).state, "waiting");
});

test("a hold is noted, and is no fault", () => {
  const held = board({ rows: [row({ cells: [cell({ hold: outcome("ana: a bug") })] })] });
  assert.deepEqual(summary(held), { state: "good", notes: ["1 on hold"] });
});

test("a release that is unhealthy or a component that cannot be built makes the summary bad", () => {
  const health = { healthy: false, message: "502", when: "2026-03-10T11:59:58Z" };
  const rows = [
    row({ cells: [{ ...WAITING, health }] }),
    row({ component: "docs", problem: outcome("a patch does not apply") }),
  ];
  assert.deepEqual(summary(board({ rows })), {
    state: "bad",
    notes: ["1 release unhealthy", "1 component cannot be built"],
  });
});

test("a freeze names its owner and its reason, and its end if it has one", () => {
  const freeze = { owner: "ana", reason: "the launch", until: null };
  assert.equal(frozenSentence(freeze), "frozen by ana: the launch");
  const until = "2026-03-11T08:00:00Z";
  assert.equal(
    frozenSentence({ ...freeze, until }),
    `frozen until ${formatDate(until)} by ana: the launch`,
  );
});

test("health is unknown, healthy or unhealthy, and says when that was", () => {
  assert.deepEqual(healthStatus(null, NOW), {
    state: "unknown",
    description: "not asked yet",
    note: null,
    mark: "○",
  });
  const when = "2026-03-10T11:59:48Z";
  assert.deepEqual(healthStatus({ healthy: true, message: "200 in 30 ms", when }, NOW), {
    state: "healthy",
    description: "200 in 30 ms, 12 s ago",
    note: null,
    mark: "●",
  });
  assert.equal(healthStatus({ healthy: false, message: "502", when }, NOW).state, "unhealthy");
});

test("health that is not known any more is shown as unknown, with its age", () => {
  const message = "no check has ended since";
  const known = { healthy: null, message, when: "2026-03-10T07:00:00Z" };
  assert.deepEqual(healthStatus(known, NOW), {
    state: "unknown",
    description: "no check has ended since; health unknown, last known 5 hours ago",
    note: "health unknown, last known 5 hours ago",
    mark: "○",
  });
  assert.equal(healthStatus({ ...known, when: null }, NOW).note, "health unknown");
  const shown = board({ rows: [row({ cells: [cell({ health: known })] })] });
  assert.deepEqual(summary(shown), { state: "waiting", notes: ["health of 1 release unknown"] });
});

test("progress is the share of the expected duration that has passed", () => {
  assert.deepEqual(progress(running(), NOW), {
    step: "deploy",
    detail: "deploying to two servers",
    share: 0.25,
    remaining: "about 30 s left",
  });
});

test("a build that takes longer than expected is never shown as complete", () => {
  const { share, remaining } = progress(running({ seconds: 5 }), NOW);
  assert.equal(share, 0.97);
  assert.equal(remaining, "finishing");
});

test("the first build of its kind has no expected duration", () => {
  const { share, remaining } = progress(running({ seconds: null }), NOW);
  assert.equal(share, undefined);
  assert.equal(remaining, null);
});

test("a build without a step waits, and what it says is shown only when it adds something", () => {
  assert.equal(progress(running({ step: "" }), NOW).step, "waits");
  for (const message of ["", "pending", "deploy"]) {
    assert.equal(progress(running({ message }), NOW).detail, null);
  }
});

test("a cell that has what its source has is the same", () => {
  assert.equal(cellStatus(cell(), column()).sameAs, "staging");
  assert.equal(cellStatus(WAITING, column()).sameAs, null);
  assert.equal(cellStatus(cell({ live: null }), column()).sameAs, null);
  assert.equal(cellStatus(cell(), column({ promotes_from: null })).sameAs, null);
});

test("a cell names the action that runs, and hides its queue and its failure meanwhile", () => {
  const failed = outcome("refused: frozen");
  const still = cellStatus(cell({ failed, queued: 2 }), column());
  assert.deepEqual([still.action, still.queue, still.failed], [null, "2 requests wait", failed]);
  const busy = cellStatus(cell({ failed, queued: 2, running: running() }), column());
  assert.deepEqual([busy.action, busy.queue, busy.failed], ["promote", null, null]);
  assert.equal(cellStatus(cell({ running: running({ action: "" }) }), column()).action, "deploy");
});

test("a cell says who put it on hold and who approved what waits", () => {
  const { hold, approvals } = cellStatus(
    cell({ hold: outcome("ana: a bug"), approvals: ["ana", "ben"] }),
    column(),
  );
  assert.equal(hold, "On hold by ana: a bug");
  assert.equal(approvals, "approved by ana, ben");
  assert.equal(cellStatus(cell(), column()).hold, null);
  assert.equal(cellStatus(cell(), column()).approvals, null);
});
