// The row of one component: its build, and its cell in each environment.

/** @import { Cell, Column, Health, Release, Row } from "../answers" */
/** @import { BoardContext } from "./board.js" */
/** @typedef {{ row: Row, cell: Cell, column: Column, context: BoardContext }} CellProps */

import { ConfirmationButton } from "./dialogs.js";
import { Ago, Button, Note, ReleaseName, ViewLink, h } from "./elements.js";
import { configure, holdOrLift } from "./logic/confirmations.js";
import { whyNoPromotion, whyNoRollBack } from "./logic/permissions.js";
import { cellOf, cellStatus, healthStatus } from "./logic/status.js";
import { PromoteDialog, RollBackDialog } from "./promotion.js";
import { RunningBuild } from "./running.js";

/** @param {{ row: Row, context: BoardContext }} props */
export function ComponentRow({ row, context }) {
  const cells = context.board.columns.map((column) => {
    const cell = cellOf(row, column.name);
    return cell ? h(ComponentCell, { key: column.name, row, cell, column, context }) : null;
  });
  return h("tr", { "data-component": row.component }, h(ComponentHead, { row, context }), cells);
}

/** @param {{ row: Row, context: BoardContext }} props */
function ComponentHead({ row, context }) {
  const { building, component, problem, title } = row;
  const history = {
    to: `/releases/history/${component}`,
    className: "sw-component",
    title: `History of ${component}`,
  };
  return h(
    "th",
    { scope: "row" },
    h(ViewLink, history, title),
    title.toLowerCase() === component ? null : h("span", { className: "sw-name" }, component),
    building ? h(RunningBuild, { running: building, now: context.now, action: "building" }) : null,
    problem && !building ? h(BuildProblem, { problem }) : null,
  );
}

/** @param {{ problem: NonNullable<Row["problem"]> }} props */
function BuildProblem({ problem }) {
  return h(
    "p",
    { className: "sw-problem" },
    h("span", { "aria-hidden": true }, "⚠ "),
    h("span", null, "Cannot be built: ", h(ViewLink, { to: problem.link }, problem.message)),
  );
}

/** @param {CellProps} props */
function ComponentCell({ row, cell, column, context }) {
  const { live, running, waiting } = cell;
  const { action, failed, hold, queue, sameAs } = cellStatus(cell, column);
  const { now } = context;
  return h(
    "td",
    {
      "data-environment": cell.environment,
      "data-label": cell.environment,
      className: waiting ? "sw-has-waiting" : "",
    },
    live ? h(LiveRelease, { cell, live, sameAs, now }) : h(Note, null, "nothing yet"),
    hold ? h("p", { className: "sw-hold" }, h("span", { "aria-hidden": true }, "✋ "), hold) : null,
    running && action ? h(RunningBuild, { running, now, action }) : null,
    queue ? h(Note, null, queue) : null,
    failed
      ? h("p", { className: "sw-failed" }, h(ViewLink, { to: failed.link }, failed.message))
      : null,
    waiting ? h(WaitingRelease, { row, cell, column, context, waiting }) : null,
    live ? h(CellButtons, { row, cell, column, context, live }) : null,
  );
}

/** @param {{ cell: Cell, live: Release, sameAs: string | null, now: number }} props */
function LiveRelease({ cell, live, sameAs, now }) {
  const same = { className: "sw-same", title: `the same as in ${sameAs}` };
  const { note, ...health } = healthStatus(cell.health, now);
  return h(
    "div",
    { className: "sw-live" },
    h(HealthMark, health),
    h(
      "div",
      null,
      h(
        "div",
        null,
        h(ReleaseName, { release: live }),
        sameAs ? h("span", same, " ✓ in sync") : null,
      ),
      h(
        "div",
        { className: "sw-who" },
        h(Ago, { when: live.since, now }),
        ` by ${live.owner} · `,
        h("a", { href: cell.url }, "open"),
      ),
      note ? h("div", { className: "sw-who" }, note) : null,
    ),
  );
}

/** @param {{ state: string, mark: string, description: string }} props */
function HealthMark({ state, mark, description }) {
  return h(
    "span",
    {
      className: `sw-health sw-${state}`,
      role: "img",
      "aria-label": `health: ${state}: ${description}`,
      title: description,
    },
    mark,
  );
}

/** @param {CellProps & { waiting: Release }} props */
function WaitingRelease({ row, cell, column, context, waiting }) {
  const { approvals } = cellStatus(cell, column);
  const reason = whyNoPromotion(cell);
  const open = () =>
    context.open((current, close) =>
      h(PromoteDialog, { context: current, close, row, cell, column, waiting }),
    );
  return h(
    "div",
    { className: "sw-waiting" },
    h(
      "div",
      null,
      h("span", { className: "sw-arrow", "aria-hidden": true }, "⇧ "),
      h(ReleaseName, { release: waiting }),
      " waits",
    ),
    cell.blocked_by ? h("p", { className: "sw-against" }, cell.blocked_by) : null,
    approvals ? h("p", { className: "sw-approved" }, approvals) : null,
    h(Button, {
      label: "Promote…",
      name: `Promote ${row.component} to ${column.name}…`,
      isPrimary: true,
      isDisabled: Boolean(reason),
      title: reason,
      onClick: open,
    }),
  );
}

/** @param {CellProps & { live: Release }} props */
function CellButtons({ row, cell, column, context, live }) {
  const confirmation = holdOrLift(row, cell, column);
  const again = configure(row, cell, column);
  const reason = whyNoRollBack(cell);
  const open = () =>
    context.open((current, close) =>
      h(RollBackDialog, { context: current, close, row, cell, column, live }),
    );
  return h(
    "div",
    { className: "sw-more" },
    h(Button, {
      label: "Roll back…",
      name: `Roll back ${row.component} in ${cell.environment}…`,
      isDisabled: Boolean(reason),
      title: reason,
      onClick: open,
    }),
    h(ConfirmationButton, {
      context,
      label: cell.hold ? "Lift hold…" : "Hold…",
      name: `${confirmation.title}…`,
      confirmation,
    }),
    h(ConfirmationButton, {
      context,
      label: "Configure…",
      name: `${again.title}…`,
      confirmation: again,
    }),
  );
}
