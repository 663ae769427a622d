// Written by `make bundle` from web/page/source; change it there.
import {
  ConfirmationButton,
  PressNotice,
  removeArtifacts,
  usePress
} from "./shared-7XC7HA2E.js";
import {
  Ago,
  Banner,
  FINISHED_BUILDS,
  Loading,
  Note,
  QUIET_INTERVAL,
  View,
  ViewLink,
  ago,
  h,
  secondsBetween,
  size,
  useAnswer,
  useNow,
  visitor
} from "./shared-LSL4QQPF.js";

// web/page/source/logic/store.js
var MISSED_ANSWERS = 3;
function unknownSentence({ received, error }, now, interval) {
  const isOld = received && secondsBetween(received, now) * 1e3 > MISSED_ANSWERS * interval;
  if (!error && !isOld) return null;
  const cause = error ? error.message : "the master has not answered since";
  const known = received ? ` What you see is from ${ago(received, now)}.` : "";
  return `What the store holds now is unknown: ${cause}.${known}`;
}
function contentSentence({ artifacts, size: bytes }) {
  return artifacts ? `${artifacts} (${size(bytes)})` : "none: the first build stores one";
}
function spaceSentence({ free, disk }) {
  return `${size(free)} of ${size(disk)}`;
}

// web/page/source/store.js
var { useCallback, useState } = React;
function Store() {
  const { value: report, received, error, refresh } = useAnswer("store.json", {}, FINISHED_BUILDS);
  const { notice, press, dismiss } = usePress(refresh);
  const [dialog, setDialog] = useState(
    /** @type {{ draw: PressDialog } | null} */
    null
  );
  const close = useCallback(() => setDialog(null), []);
  const now = useNow(5e3);
  const unknown = unknownSentence({ received, error }, now, QUIET_INTERVAL);
  const context = {
    releasers: report?.releasers ?? [],
    visitor: visitor(),
    press,
    open: (draw) => setDialog({ draw })
  };
  return h(
    View,
    { title: "Store", current: "Store" },
    h(
      "div",
      { "aria-live": "polite", role: "status" },
      notice ? h(PressNotice, { notice, dismiss }) : null
    ),
    unknown ? h(Banner, { state: "warn", role: "alert" }, unknown) : null,
    report ? h(Report, { report, now, isUnknown: Boolean(unknown), context }) : null,
    report || error ? null : h(Loading),
    dialog?.draw(context, close)
  );
}
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
      h("dd", null, h(LastRemoval, { report, now }))
    ),
    h(ConfirmationButton, {
      context,
      label: "Remove what is not kept…",
      confirmation: removeArtifacts(report)
    }),
    h(Note, null, `The master does the same every night. ${report.kept}`)
  );
}
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
    h(ViewLink, { to: link }, "log")
  );
}
export {
  Store
};
