// The dialogs that promote a release and roll one back: what would change, and why.

/** @import { Cell, Column, Release, Row } from "../answers" */
/** @import { BoardContext } from "./board.js" */
/**
 * @typedef {object} PromoteProps
 * @property {BoardContext} context
 * @property {() => void} close
 * @property {Row} row
 * @property {Cell} cell
 * @property {Column} column
 * @property {Release} waiting
 */
/**
 * @typedef {object} RollBackProps
 * @property {BoardContext} context
 * @property {() => void} close
 * @property {Row} row
 * @property {Cell} cell
 * @property {Column} column
 * @property {Release} live
 */

import { Changes, useComparison } from "./changes.js";
import { Dialog, ReasonForm } from "./dialogs.js";
import { Ago, Banner, Button, Note, ReleaseName, h } from "./elements.js";
import { componentButton } from "./logic/buttons.js";
import { proposedReason } from "./logic/comparison.js";
import { approvalNote, promotionWarning, whyNotReleaser } from "./logic/permissions.js";

const { useState } = React;

/** @param {PromoteProps} props */
export function PromoteDialog({ context, close, row, cell, column, waiting }) {
  const { component } = row;
  const { environment } = cell;
  const comparison = useComparison(cell.live?.digest, waiting.digest, false);
  const approvals = approvalNote(column, cell);
  const warning = promotionWarning(column, cell, context.visitor);
  const wanted = waiting.digest;
  return h(
    Dialog,
    { title: `Promote ${row.title} to ${environment}`, close },
    h(Verified, { waiting, from: column.promotes_from, now: context.now }),
    approvals ? h(Banner, { state: "note" }, approvals) : null,
    warning ? h(Banner, { state: "warn" }, warning) : null,
    waiting.migration
      ? h(Note, null, `In ${column.promotes_from}, its migration ${waiting.migration}.`)
      : null,
    h(Changes, { comparison, environment }),
    h(ReasonForm, {
      context,
      close,
      confirm: `Promote to ${environment}`,
      freeze: column.freeze,
      extra: h(ApproveButton, { context, close, row, cell, column, wanted }),
      proposed: proposedReason(waiting, comparison.difference),
      onConfirm: (fields) =>
        context.press(`${component} → ${environment}`, componentButton(column, cell, "promote"), {
          wanted,
          ...fields,
        }),
    }),
  );
}

/** @param {{ waiting: Release, from: string | null, now: number }} props */
function Verified({ waiting, from, now }) {
  return h(
    "p",
    null,
    h(ReleaseName, { release: waiting }),
    ` runs in ${from} since `,
    h(Ago, { when: waiting.since, now }),
    `; put there and verified by ${waiting.owner}`,
    waiting.reason ? `: ${waiting.reason}.` : ".",
  );
}

/**
 * @typedef {object} ApproveProps
 * @property {BoardContext} context
 * @property {() => void} close
 * @property {Row} row
 * @property {Cell} cell
 * @property {Column} column
 * @property {string} wanted
 */

/** @param {ApproveProps} props */
function ApproveButton({ context, close, row, cell, column, wanted }) {
  const isForbidden = whyNotReleaser(context.visitor, context.releasers);
  if (!column.two_person || isForbidden) return null;
  function approve() {
    close();
    context.press(
      `Approve ${row.component} → ${column.name}`,
      componentButton(column, cell, "approve"),
      { wanted, reason: "looked at it" },
    );
  }
  return h(Button, { label: "Approve", onClick: approve });
}

/** @param {RollBackProps} props */
export function RollBackDialog({ context, close, row, cell, column, live }) {
  const { component } = row;
  const { environment } = cell;
  const [chosen, setChosen] = useState(cell.previous || cell.earlier[0]?.instance || "");
  const comparison = useComparison(live.digest, chosen.split("-")[0] ?? "", true);
  const migrated = cell.earlier.find((release) => release.instance === chosen)?.migrated_since;
  return h(
    Dialog,
    { title: `Roll back ${row.title} in ${environment}`, close },
    h(EarlierReleases, { cell, chosen, now: context.now, onChoose: setChosen }),
    h(Changes, { comparison, environment }),
    migrated
      ? h(
          Banner,
          { state: "warn" },
          `The database stays as it is, and ${migrated}: the older release runs with that.`,
        )
      : null,
    h(
      Note,
      null,
      "No build, under a second. The component is then on hold; the database stays as it is.",
    ),
    h(ReasonForm, {
      context,
      close,
      confirm: `Roll back ${environment}`,
      onConfirm: (fields) =>
        context.press(
          `${component} in ${environment}`,
          componentButton(column, cell, "roll-back"),
          { wanted: chosen, ...fields },
        ),
    }),
  );
}

/**
 * @param {{ cell: Cell, chosen: string, now: number, onChoose: (digest: string) => void }} props
 */
function EarlierReleases({ cell, chosen, now, onChoose }) {
  const choices = cell.earlier.map((release) =>
    h(
      "label",
      { key: release.instance },
      h("input", {
        type: "radio",
        name: "release",
        value: release.instance,
        checked: release.instance === chosen,
        onChange: () => onChoose(release.instance),
      }),
      " ",
      h(ReleaseName, { release }),
      release.instance === release.digest ? null : " with the configuration before",
      h(
        "span",
        { className: "sw-who" },
        " live since ",
        h(Ago, { when: release.since, now }),
        ` by ${release.owner}`,
      ),
    ),
  );
  const legend = h("legend", null, "To a release that is still on the servers");
  return h("fieldset", { className: "sw-earlier" }, legend, choices);
}
