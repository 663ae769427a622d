// The board: rows are components, columns the environments in the order of promotion.

/** @import { ReactElement } from "react" */
/** @import { Board as BoardAnswer } from "../answers" */
/** @import { Press } from "./press.js" */
/**
 * @typedef {object} BoardContext what every part of the board is given
 * @property {BoardAnswer} board
 * @property {number} now the master's clock, in milliseconds since the epoch
 * @property {readonly string[]} releasers
 * @property {string | null} visitor
 * @property {Press} press
 * @property {(dialog: Dialog) => void} open
 */
/** @typedef {(context: BoardContext, close: () => void) => ReactElement} Dialog */

import { ConfirmationButton } from "./dialogs.js";
import { Banner, ErrorBanner, Loading, View, h, useNow } from "./elements.js";
import { ColumnHead } from "./column.js";
import { useAnswer } from "./live.js";
import { promoteAll } from "./logic/confirmations.js";
import { isBusy, summary, waitingReleases, waitingSentence } from "./logic/status.js";
import { visitor } from "./master.js";
import { PressNotice, usePress } from "./press.js";
import { ComponentRow } from "./row.js";

const { useCallback, useEffect, useState } = React;

/** How often durations are drawn anew, in milliseconds. */
const BUSY_INTERVAL = 500;
const CALM_INTERVAL = 20_000;

export function Board() {
  const { value: board, error, isConnected, refresh } = useAnswer("board.json");
  const { notice, press, dismiss } = usePress(refresh);
  const [dialog, setDialog] = useState(/** @type {{ draw: Dialog } | null} */ (null));
  const clock = useNow(board && isBusy(board) ? BUSY_INTERVAL : CALM_INTERVAL);
  const drift = useDrift(board);
  const close = useCallback(() => setDialog(null), []);
  if (!board) {
    const children = error
      ? h("p", { className: "sw-note", role: "alert" }, `The master does not say: ${error.message}`)
      : h(Loading);
    return h(View, { title: "Releases", current: "Board" }, children);
  }
  const context = {
    board,
    now: clock + drift,
    releasers: board.releasers,
    visitor: visitor(),
    press,
    open: (/** @type {Dialog} */ draw) => setDialog({ draw }),
  };
  return h(
    View,
    { title: "Releases", current: "Board", summary: h(Summary, { context }) },
    isConnected ? null : h(ConnectionLost),
    h(ErrorBanner, { error }),
    board.disk_warnings.map((warning) =>
      h(Banner, { key: warning, state: "bad", role: "alert" }, warning),
    ),
    h(
      "div",
      { "aria-live": "polite", role: "status" },
      notice ? h(PressNotice, { notice, dismiss }) : null,
    ),
    h(BoardTable, { context }),
    dialog?.draw(context, close),
  );
}

function ConnectionLost() {
  return h(
    Banner,
    { state: "warn", role: "status" },
    "The connection to the master is lost; it is tried again. What you see may be old.",
  );
}

/** @param {{ context: BoardContext }} props */
function BoardTable({ context }) {
  const { columns, rows } = context.board;
  const heads = columns.map((column) => h(ColumnHead, { key: column.name, column, context }));
  return h(
    "table",
    { className: "sw-board" },
    h("caption", { className: "sr-only" }, "What is live, by component and environment"),
    h("thead", null, h("tr", null, h("th", { scope: "col" }, "Component"), heads)),
    h(
      "tbody",
      null,
      rows.map((row) => h(ComponentRow, { key: row.component, row, context })),
    ),
  );
}

/**
 * By how many milliseconds the master's clock is ahead of this one.
 *
 * @param {BoardAnswer | null} board
 */
function useDrift(board) {
  const [drift, setDrift] = useState(0);
  const now = board?.now;
  useEffect(() => {
    if (now) setDrift(new Date(now).getTime() - Date.now());
  }, [now]);
  return drift;
}

/**
 * Whether anything waits at all, in one line.
 *
 * @param {{ context: BoardContext }} props
 */
function Summary({ context }) {
  const { state, notes } = summary(context.board);
  const waiting = waitingReleases(context.board).map((releases) =>
    h(
      "span",
      { key: releases.column.name },
      `${waitingSentence(releases)} `,
      h(ConfirmationButton, {
        context,
        label: `Promote all (${releases.rows.length})…`,
        isPrimary: true,
        confirmation: promoteAll(releases),
      }),
    ),
  );
  return h(
    "p",
    { className: "sw-summary", "data-state": state },
    waiting.length ? waiting : h("span", null, "✓ All environments are in sync"),
    notes.length ? h("span", { className: "sw-notes" }, notes.join(" · ")) : null,
  );
}
