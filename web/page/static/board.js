// Written by `make bundle` from web/page/source; change it there.
import {
  ConfirmationButton,
  Dialog,
  PressNotice,
  ReasonForm,
  cellOf,
  cellStatus,
  componentButton,
  configure,
  differs,
  fileChanges,
  fileSizes,
  freeze,
  frozenSentence,
  healthStatus,
  holdOrLift,
  isBusy,
  patchChanges,
  progress,
  promoteAll,
  proposedReason,
  revert,
  summary,
  thaw,
  usePress,
  waitingReleases,
  waitingSentence
} from "./shared-7XC7HA2E.js";
import {
  Ago,
  Banner,
  Button,
  ErrorBanner,
  Loading,
  Note,
  ReleaseName,
  View,
  ViewLink,
  approvalNote,
  fetchAnswer,
  growth,
  h,
  plural,
  promotionWarning,
  short,
  useAnswer,
  useNow,
  visitor,
  whyNoPromotion,
  whyNoRollBack,
  whyNotReleaser
} from "./shared-LSL4QQPF.js";

// web/page/source/running.js
function RunningBuild({ running, now, action }) {
  const { step, detail, share, remaining } = progress(running, now);
  return h(
    "div",
    { className: "sw-running" },
    h("progress", { value: share, max: 1, "aria-label": `${action}: ${step}` }),
    h(
      "div",
      null,
      h(ViewLink, { to: running.link }, h("strong", null, action), ` ${step}`),
      running.worker ? ` on ${running.worker}` : "",
      remaining ? ` · ${remaining}` : ""
    ),
    detail ? h("div", { className: "sw-who" }, detail) : null
  );
}

// web/page/source/column.js
function ColumnHead({ column, context }) {
  const { name, running } = column;
  return h(
    "th",
    { scope: "col" },
    h(
      "div",
      { className: "sw-column" },
      h("span", { className: "sw-environment" }, name),
      column.two_person ? h(TwoPersonTag) : null,
      h(PromotionPolicy, { column, context })
    ),
    h(FreezeNote, { column, context }),
    running ? h(RunningBuild, { running, now: context.now, action: "all components" }) : h(StoppedPromotion, { column, context })
  );
}
function TwoPersonTag() {
  const title = "A promotion needs another releaser's approval";
  return h("span", { className: "sw-tag", title }, "approval required");
}
function PromotionPolicy({ column, context }) {
  if (!column.promotes_from) return h("span", { className: "sw-tag" }, "every green build");
  if (column.freeze) return null;
  return h(ConfirmationButton, { context, label: "Freeze…", confirmation: freeze(column) });
}
function FreezeNote({ column, context }) {
  if (!column.freeze) return null;
  return h(
    "div",
    { className: "sw-freeze" },
    `❄ ${frozenSentence(column.freeze)} `,
    column.manual ? h(ConfirmationButton, { context, label: "End…", confirmation: thaw(column) }) : null
  );
}
function StoppedPromotion({ column, context }) {
  const { interrupted } = column;
  if (!interrupted) return null;
  const confirmation = revert(column);
  return h(
    "div",
    { className: "sw-stopped" },
    h(ViewLink, { to: interrupted.link }, interrupted.message),
    " ",
    h(ConfirmationButton, { context, label: "Revert…", confirmation })
  );
}

// web/page/source/changes.js
var { Fragment, useEffect, useState } = React;
var LOADING = { difference: null, error: null };
function useComparison(before, after, isRollBack) {
  const [comparison, setComparison] = useState(LOADING);
  useEffect(() => {
    let isOver = false;
    setComparison(LOADING);
    const query = { from: before ?? "", to: after };
    if (isRollBack) query.backwards = "yes";
    fetchAnswer("difference.json", query).then(
      (difference) => isOver || setComparison({ difference, error: null }),
      (error) => isOver || setComparison({ difference: null, error })
    );
    return () => void (isOver = true);
  }, [before, after, isRollBack]);
  return comparison;
}
function Changes({ comparison, environment }) {
  const { difference, error } = comparison;
  if (error) return h(Banner, { state: "warn" }, `What changes is not known: ${error.message}`);
  if (!difference) {
    return h("p", { className: "sw-note", role: "status" }, "Comparing the two releases…");
  }
  const { configuration, overlays, upstream } = difference;
  return h(
    "section",
    { className: "sw-changes", "aria-label": `What changes in ${environment}`, tabIndex: 0 },
    h(
      "dl",
      null,
      h(Part, { title: "Upstream" }, h(SourceChange, { source: upstream })),
      h(Part, { title: "Patches" }, h(Patches, { difference })),
      overlays.length ? h(Part, { title: "Overlays" }, h(Sources, { sources: overlays })) : null,
      configuration.length ? h(Part, { title: "Configuration" }, h(Configuration, { difference })) : null,
      h(Part, { title: "Migrations" }, h(Migrations, { difference })),
      h(Part, { title: "Files" }, h(FileChanges, { difference }))
    )
  );
}
function Part({ title, children }) {
  return h(Fragment, null, h("dt", null, title), h("dd", null, children));
}
function SourceChange({ source }) {
  const { before, after, compare, into } = source;
  const path = into ? `${into}: ` : "";
  if (!differs(source)) return h("span", null, path, h(Commit, { material: after }), ", unchanged");
  return h(
    "span",
    null,
    path,
    h(Commit, { material: before }),
    " → ",
    h(Commit, { material: after }),
    " ",
    compare ? h("a", { href: compare, rel: "noreferrer" }, "commits") : null
  );
}
function Commit({ material }) {
  if (!material) return "nothing";
  const { commit, release } = material;
  return h(Fragment, null, release, " ", h("code", { title: commit }, short(commit, 8)));
}
function Sources({ sources }) {
  const items = sources.map(
    (source) => h("li", { key: source.into + source.repository }, h(SourceChange, { source }))
  );
  return h("ul", null, items);
}
function Patches({ difference }) {
  const changes = patchChanges(difference);
  if (!changes.length) {
    return difference.patches ? `${plural(difference.patches, "patch")}, unchanged` : "none";
  }
  const items = changes.map(
    ({ kind, patch }) => h(
      "li",
      { key: kind + patch.name },
      h("span", { className: `sw-kind sw-${kind}` }, kind),
      ` ${patch.subject} `,
      h("span", { className: "sw-who" }, patch.author)
    )
  );
  return h("ul", null, items);
}
function Configuration({ difference }) {
  const files = difference.configuration.map(
    (file) => h(
      "details",
      { key: file.name },
      h("summary", null, file.name),
      h("pre", null, file.difference)
    )
  );
  return h(Fragment, null, files);
}
function Migrations({ difference }) {
  const { migrations } = difference;
  if (!migrations.length) return "none";
  const commands = migrations.map((command) => h("li", { key: command }, h("code", null, command)));
  return h("ul", null, commands);
}
function FileChanges({ difference }) {
  const changes = fileChanges(difference);
  if (!changes.length) return "the same files";
  const kinds = changes.map(
    ({ kind, files }) => h(
      "details",
      { key: kind },
      h("summary", null, `${plural(files.count, "file")} ${kind}, ${growth(files.bytes)}`),
      h(FileList, { files: files.first, count: files.count })
    )
  );
  return h(Fragment, null, kinds);
}
function FileList({ files, count }) {
  const items = files.map(
    (file) => h("li", { key: file.path }, h("code", null, file.path), ` ${fileSizes(file)}`)
  );
  const rest = count - files.length;
  return h("ul", { className: "sw-files" }, items, rest ? h("li", null, `and ${rest} more`) : null);
}

// web/page/source/promotion.js
var { useState: useState2 } = React;
function PromoteDialog({ context, close, row, cell, column, waiting }) {
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
    waiting.migration ? h(Note, null, `In ${column.promotes_from}, its migration ${waiting.migration}.`) : null,
    h(Changes, { comparison, environment }),
    h(ReasonForm, {
      context,
      close,
      confirm: `Promote to ${environment}`,
      freeze: column.freeze,
      extra: h(ApproveButton, { context, close, row, cell, column, wanted }),
      proposed: proposedReason(waiting, comparison.difference),
      onConfirm: (fields) => context.press(`${component} → ${environment}`, componentButton(column, cell, "promote"), {
        wanted,
        ...fields
      })
    })
  );
}
function Verified({ waiting, from, now }) {
  return h(
    "p",
    null,
    h(ReleaseName, { release: waiting }),
    ` runs in ${from} since `,
    h(Ago, { when: waiting.since, now }),
    `; put there and verified by ${waiting.owner}`,
    waiting.reason ? `: ${waiting.reason}.` : "."
  );
}
function ApproveButton({ context, close, row, cell, column, wanted }) {
  const isForbidden = whyNotReleaser(context.visitor, context.releasers);
  if (!column.two_person || isForbidden) return null;
  function approve() {
    close();
    context.press(
      `Approve ${row.component} → ${column.name}`,
      componentButton(column, cell, "approve"),
      { wanted, reason: "looked at it" }
    );
  }
  return h(Button, { label: "Approve", onClick: approve });
}
function RollBackDialog({ context, close, row, cell, column, live }) {
  const { component } = row;
  const { environment } = cell;
  const [chosen, setChosen] = useState2(cell.previous || cell.earlier[0]?.instance || "");
  const comparison = useComparison(live.digest, chosen.split("-")[0] ?? "", true);
  const migrated = cell.earlier.find((release) => release.instance === chosen)?.migrated_since;
  return h(
    Dialog,
    { title: `Roll back ${row.title} in ${environment}`, close },
    h(EarlierReleases, { cell, chosen, now: context.now, onChoose: setChosen }),
    h(Changes, { comparison, environment }),
    migrated ? h(
      Banner,
      { state: "warn" },
      `The database stays as it is, and ${migrated}: the older release runs with that.`
    ) : null,
    h(
      Note,
      null,
      "No build, under a second. The component is then on hold; the database stays as it is."
    ),
    h(ReasonForm, {
      context,
      close,
      confirm: `Roll back ${environment}`,
      onConfirm: (fields) => context.press(
        `${component} in ${environment}`,
        componentButton(column, cell, "roll-back"),
        { wanted: chosen, ...fields }
      )
    })
  );
}
function EarlierReleases({ cell, chosen, now, onChoose }) {
  const choices = cell.earlier.map(
    (release) => h(
      "label",
      { key: release.instance },
      h("input", {
        type: "radio",
        name: "release",
        value: release.instance,
        checked: release.instance === chosen,
        onChange: () => onChoose(release.instance)
      }),
      " ",
      h(ReleaseName, { release }),
      release.instance === release.digest ? null : " with the configuration before",
      h(
        "span",
        { className: "sw-who" },
        " live since ",
        h(Ago, { when: release.since, now }),
        ` by ${release.owner}`
      )
    )
  );
  const legend = h("legend", null, "To a release that is still on the servers");
  return h("fieldset", { className: "sw-earlier" }, legend, choices);
}

// web/page/source/row.js
function ComponentRow({ row, context }) {
  const cells = context.board.columns.map((column) => {
    const cell = cellOf(row, column.name);
    return cell ? h(ComponentCell, { key: column.name, row, cell, column, context }) : null;
  });
  return h("tr", { "data-component": row.component }, h(ComponentHead, { row, context }), cells);
}
function ComponentHead({ row, context }) {
  const { building, component, problem, title } = row;
  const history = {
    to: `/releases/history/${component}`,
    className: "sw-component",
    title: `History of ${component}`
  };
  return h(
    "th",
    { scope: "row" },
    h(ViewLink, history, title),
    title.toLowerCase() === component ? null : h("span", { className: "sw-name" }, component),
    building ? h(RunningBuild, { running: building, now: context.now, action: "building" }) : null,
    problem && !building ? h(BuildProblem, { problem }) : null
  );
}
function BuildProblem({ problem }) {
  return h(
    "p",
    { className: "sw-problem" },
    h("span", { "aria-hidden": true }, "⚠ "),
    h("span", null, "Cannot be built: ", h(ViewLink, { to: problem.link }, problem.message))
  );
}
function ComponentCell({ row, cell, column, context }) {
  const { live, running, waiting } = cell;
  const { action, failed, hold, queue, sameAs } = cellStatus(cell, column);
  const { now } = context;
  return h(
    "td",
    {
      "data-environment": cell.environment,
      "data-label": cell.environment,
      className: waiting ? "sw-has-waiting" : ""
    },
    live ? h(LiveRelease, { cell, live, sameAs, now }) : h(Note, null, "nothing yet"),
    hold ? h("p", { className: "sw-hold" }, h("span", { "aria-hidden": true }, "✋ "), hold) : null,
    running && action ? h(RunningBuild, { running, now, action }) : null,
    queue ? h(Note, null, queue) : null,
    failed ? h("p", { className: "sw-failed" }, h(ViewLink, { to: failed.link }, failed.message)) : null,
    waiting ? h(WaitingRelease, { row, cell, column, context, waiting }) : null,
    live ? h(CellButtons, { row, cell, column, context, live }) : null
  );
}
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
        sameAs ? h("span", same, " ✓ in sync") : null
      ),
      h(
        "div",
        { className: "sw-who" },
        h(Ago, { when: live.since, now }),
        ` by ${live.owner} · `,
        h("a", { href: cell.url }, "open")
      ),
      note ? h("div", { className: "sw-who" }, note) : null
    )
  );
}
function HealthMark({ state, mark, description }) {
  return h(
    "span",
    {
      className: `sw-health sw-${state}`,
      role: "img",
      "aria-label": `health: ${state}: ${description}`,
      title: description
    },
    mark
  );
}
function WaitingRelease({ row, cell, column, context, waiting }) {
  const { approvals } = cellStatus(cell, column);
  const reason = whyNoPromotion(cell);
  const open = () => context.open(
    (current, close) => h(PromoteDialog, { context: current, close, row, cell, column, waiting })
  );
  return h(
    "div",
    { className: "sw-waiting" },
    h(
      "div",
      null,
      h("span", { className: "sw-arrow", "aria-hidden": true }, "⇧ "),
      h(ReleaseName, { release: waiting }),
      " waits"
    ),
    cell.blocked_by ? h("p", { className: "sw-against" }, cell.blocked_by) : null,
    approvals ? h("p", { className: "sw-approved" }, approvals) : null,
    h(Button, {
      label: "Promote…",
      name: `Promote ${row.component} to ${column.name}…`,
      isPrimary: true,
      isDisabled: Boolean(reason),
      title: reason,
      onClick: open
    })
  );
}
function CellButtons({ row, cell, column, context, live }) {
  const confirmation = holdOrLift(row, cell, column);
  const again = configure(row, cell, column);
  const reason = whyNoRollBack(cell);
  const open = () => context.open(
    (current, close) => h(RollBackDialog, { context: current, close, row, cell, column, live })
  );
  return h(
    "div",
    { className: "sw-more" },
    h(Button, {
      label: "Roll back…",
      name: `Roll back ${row.component} in ${cell.environment}…`,
      isDisabled: Boolean(reason),
      title: reason,
      onClick: open
    }),
    h(ConfirmationButton, {
      context,
      label: cell.hold ? "Lift hold…" : "Hold…",
      name: `${confirmation.title}…`,
      confirmation
    }),
    h(ConfirmationButton, {
      context,
      label: "Configure…",
      name: `${again.title}…`,
      confirmation: again
    })
  );
}

// web/page/source/board.js
var { useCallback, useEffect: useEffect2, useState: useState3 } = React;
var BUSY_INTERVAL = 500;
var CALM_INTERVAL = 2e4;
function Board() {
  const { value: board, error, isConnected, refresh } = useAnswer("board.json");
  const { notice, press, dismiss } = usePress(refresh);
  const [dialog, setDialog] = useState3(
    /** @type {{ draw: Dialog } | null} */
    null
  );
  const clock = useNow(board && isBusy(board) ? BUSY_INTERVAL : CALM_INTERVAL);
  const drift = useDrift(board);
  const close = useCallback(() => setDialog(null), []);
  if (!board) {
    const children = error ? h("p", { className: "sw-note", role: "alert" }, `The master does not say: ${error.message}`) : h(Loading);
    return h(View, { title: "Releases", current: "Board" }, children);
  }
  const context = {
    board,
    now: clock + drift,
    releasers: board.releasers,
    visitor: visitor(),
    press,
    open: (draw) => setDialog({ draw })
  };
  return h(
    View,
    { title: "Releases", current: "Board", summary: h(Summary, { context }) },
    isConnected ? null : h(ConnectionLost),
    h(ErrorBanner, { error }),
    board.disk_warnings.map(
      (warning) => h(Banner, { key: warning, state: "bad", role: "alert" }, warning)
    ),
    h(
      "div",
      { "aria-live": "polite", role: "status" },
      notice ? h(PressNotice, { notice, dismiss }) : null
    ),
    h(BoardTable, { context }),
    dialog?.draw(context, close)
  );
}
function ConnectionLost() {
  return h(
    Banner,
    { state: "warn", role: "status" },
    "The connection to the master is lost; it is tried again. What you see may be old."
  );
}
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
      rows.map((row) => h(ComponentRow, { key: row.component, row, context }))
    )
  );
}
function useDrift(board) {
  const [drift, setDrift] = useState3(0);
  const now = board?.now;
  useEffect2(() => {
    if (now) setDrift(new Date(now).getTime() - Date.now());
  }, [now]);
  return drift;
}
function Summary({ context }) {
  const { state, notes } = summary(context.board);
  const waiting = waitingReleases(context.board).map(
    (releases) => h(
      "span",
      { key: releases.column.name },
      `${waitingSentence(releases)} `,
      h(ConfirmationButton, {
        context,
        label: `Promote all (${releases.rows.length})…`,
        isPrimary: true,
        confirmation: promoteAll(releases)
      })
    )
  );
  return h(
    "p",
    { className: "sw-summary", "data-state": state },
    waiting.length ? waiting : h("span", null, "✓ All environments are in sync"),
    notes.length ? h("span", { className: "sw-notes" }, notes.join(" · ")) : null
  );
}
export {
  Board
};
