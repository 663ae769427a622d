// What the master's store holds, what was removed from it last, and the button that removes more.

/** @import { StoreReport } from "../answers" */
/** @import { PressContext, PressDialog } from "./dialogs.js" */

import { ConfirmationButton } from "./dialogs.js";
import { Ago, Banner, Loading, Note, View, ViewLink, h, useNow } from "./elements.js";
import { FINISHED_BUILDS, QUIET_INTERVAL, useAnswer } from "./live.js";
import { removeArtifacts } from "./logic/confirmations.js";
import { contentSentence, spaceSentence, unknownSentence } from "./logic/store.js";
import { visitor } from "./master.js";
import { PressNotice, usePress } from "./press.js";

const { useCallback, useState } = React;

export function Store() {
  const { value: report, received, error, refresh } = useAnswer("store.json", {}, FINISHED_BUILDS);
  const { notice, press, dismiss } = usePress(refresh);
  const [dialog, setDialog] = useState(/** @type {{ draw: PressDialog } | null} */ (null));
  const close = useCallback(() => setDialog(null), []);
  const now = useNow(5_000);
  const unknown = unknownSentence({ received, error }, now, QUIET_INTERVAL);
  const context = {
    releasers: report?.releasers ?? [],
    visitor: visitor(),
    press,
    open: (/** @type {PressDialog} */ draw) => setDialog({ draw }),
  };
  return h(
    View,
    { title: "Store", current: "Store" },
    h(
      "div",
      { "aria-live": "polite", role: "status" },
      notice ? h(PressNotice, { notice, dismiss }) : null,
    ),
    unknown ? h(Banner, { state: "warn", role: "alert" }, unknown) : null,
    report ? h(Report, { report, now, isUnknown: Boolean(unknown), context }) : null,
    report || error ? null : h(Loading),
    dialog?.draw(context, close),
  );
}

/**
 * @param {{ report: StoreReport, now: number, isUnknown: boolean, context: PressContext }} props
 */
function Report({ report, now, isUnknown, context }) {
  const { oldest, warning } = report;
  return h(
    React.Fragment,
    null,
    warning && !isUnknown ? h(Banner, { state: "bad", role: "alert" }, warning) : null,
    h(
      "dl",
      { className: "sw-store", "data-state": isUnknown ? "unknown" : "known" },
      h("dt", null, "Artifacts"),
      h("dd", null, contentSentence(report)),
      oldest ? h("dt", null, "Oldest") : null,
      oldest ? h("dd", null, "stored ", h(Ago, { when: oldest, now })) : null,
      h("dt", null, "Free disk space"),
      h("dd", null, spaceSentence(report)),
      h("dt", null, "Last removal"),
      h("dd", null, h(LastRemoval, { report, now })),
    ),
    h(ConfirmationButton, {
      context,
      label: "Remove what is not kept…",
      confirmation: removeArtifacts(report),
    }),
    h(Note, null, `The master does the same every night. ${report.kept}`),
  );
}

/** @param {{ report: StoreReport, now: number }} props */
function LastRemoval({ report, now }) {
  const { link, removal_failed, removed, removed_at } = report;
  if (!removed_at) return "nothing was removed yet";
  return h(
    React.Fragment,
    null,
    removal_failed ? h("span", { className: "sw-tag sw-bad" }, "failed") : null,
    removal_failed ? " " : null,
    h(Ago, { when: removed_at, now }),
    `: ${removed} `,
    h(ViewLink, { to: link }, "log"),
  );
}
