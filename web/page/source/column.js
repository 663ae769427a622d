// The head of one environment's column: its freeze, and its promotions of all components.

/** @import { Column } from "../answers" */
/** @import { BoardContext } from "./board.js" */
/** @typedef {{ column: Column, context: BoardContext }} ColumnProps */

import { ConfirmationButton } from "./dialogs.js";
import { ViewLink, h } from "./elements.js";
import { freeze, revert, thaw } from "./logic/confirmations.js";
import { frozenSentence } from "./logic/status.js";
import { RunningBuild } from "./running.js";

/** @param {ColumnProps} props */
export function ColumnHead({ column, context }) {
  const { name, running } = column;
  return h(
    "th",
    { scope: "col" },
    h(
      "div",
      { className: "sw-column" },
      h("span", { className: "sw-environment" }, name),
      column.two_person ? h(TwoPersonTag) : null,
      h(PromotionPolicy, { column, context }),
    ),
    h(FreezeNote, { column, context }),
    running
      ? h(RunningBuild, { running, now: context.now, action: "all components" })
      : h(StoppedPromotion, { column, context }),
  );
}

function TwoPersonTag() {
  const title = "A promotion needs another releaser's approval";
  return h("span", { className: "sw-tag", title }, "approval required");
}

/** @param {ColumnProps} props */
function PromotionPolicy({ column, context }) {
  if (!column.promotes_from) return h("span", { className: "sw-tag" }, "every green build");
  if (column.freeze) return null;
  return h(ConfirmationButton, { context, label: "Freeze…", confirmation: freeze(column) });
}

/** @param {ColumnProps} props */
function FreezeNote({ column, context }) {
  if (!column.freeze) return null;
  return h(
    "div",
    { className: "sw-freeze" },
    `❄ ${frozenSentence(column.freeze)} `,
    column.manual
      ? h(ConfirmationButton, { context, label: "End…", confirmation: thaw(column) })
      : null,
  );
}

/** @param {ColumnProps} props */
function StoppedPromotion({ column, context }) {
  const { interrupted } = column;
  if (!interrupted) return null;
  const confirmation = revert(column);
  return h(
    "div",
    { className: "sw-stopped" },
    h(ViewLink, { to: interrupted.link }, interrupted.message),
    " ",
    h(ConfirmationButton, { context, label: "Revert…", confirmation }),
  );
}
