// Written by `make bundle` from web/page/source; change it there.
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
  ago,
  approvalNote,
  buildNotice,
  duration,
  fetchAnswer,
  formatDate,
  growth,
  h,
  isCancelled,
  lastBuild,
  noBuildNotice,
  plural,
  pressButton,
  promotionWarning,
  secondsBetween,
  short,
  size,
  useAnswer,
  useNow,
  visitor,
  waits,
  whyNoPromotion,
  whyNoRollBack,
  whyNotReleaser
} from "./shared-T2XWBDGD.js";

// web/page/source/logic/comparison.js
var LONGEST_REASON = 200;
function differs({ before, after }) {
  return before?.commit !== after?.commit;
}
function movement({ into, before, after }) {
  const [from, to] = [before, after].map((end) => end ? short(end.commit, 8) : "nothing");
  return `${into || "upstream"} ${from} → ${to}`;
}
function proposedReason(release, difference) {
  const sources = difference ? [difference.upstream, ...difference.overlays] : [];
  const movements = sources.filter(differs).map(movement);
  const otherwise = `${release.upstream} with ${plural(release.patches ?? 0, "patch")}`;
  return (movements.join(", ") || otherwise).slice(0, LONGEST_REASON);
}
function patchChanges({ patches_added, patches_changed, patches_removed }) {
  return [
    ...patches_added.map((patch) => ({ kind: "added", patch })),
    ...patches_changed.map((patch) => ({ kind: "changed", patch })),
    ...patches_removed.map((patch) => ({ kind: "removed", patch }))
  ];
}
function fileChanges({ added, changed, removed }) {
  const kinds = [
    { kind: "added", files: added },
    { kind: "changed", files: changed },
    { kind: "removed", files: removed }
  ];
  return kinds.filter(({ files }) => files.count);
}
function fileSizes({ before, after }) {
  if (before === null || after === null || before === after) return size(after ?? before ?? 0);
  return `${size(before)} → ${size(after)}`;
}

// web/page/source/dialogs.js
var { useId, useLayoutEffect, useRef, useState } = React;
function Dialog({ title, close, children }) {
  const reference = useRef(
    /** @type {HTMLDialogElement | null} */
    null
  );
  const heading = useId();
  useLayoutEffect(() => {
    const dialog = reference.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return h(
    "dialog",
    { ref: reference, className: "sw-dialog", "aria-labelledby": heading, onClose: close },
    h("h2", { id: heading }, title),
    children
  );
}
function ReasonForm({ context, close, confirm, freeze: freeze2, proposed = "", extra, onConfirm }) {
  const [typed, setTyped] = useState(
    /** @type {string | null} */
    null
  );
  const [override, setOverride] = useState("");
  const reason = typed ?? proposed;
  const forbidden = whyNotReleaser(context.visitor, context.board.releasers);
  function submit(event) {
    event.preventDefault();
    close();
    onConfirm({ reason, ...freeze2 ? { freeze_override: override } : {} });
  }
  return h(
    "form",
    { onSubmit: submit, className: "sw-confirm" },
    forbidden ? h(Banner, { state: "note" }, forbidden) : h(ReasonInput, { reason, isFocused: !proposed, onChange: setTyped }),
    freeze2 && !forbidden ? h(OverrideInput, { freeze: freeze2, override, onChange: setOverride }) : null,
    h(
      "div",
      { className: "sw-buttons" },
      h(Button, { label: forbidden ? "Close" : "Cancel", onClick: close }),
      extra,
      h(SubmitButton, {
        label: confirm,
        isFocused: Boolean(proposed),
        isDisabled: Boolean(forbidden)
      })
    )
  );
}
function SubmitButton({ label, isFocused, isDisabled }) {
  const className = "sw-button sw-primary";
  const attributes = { className, autoFocus: isFocused, disabled: isDisabled };
  return h("button", { type: "submit", ...attributes }, label);
}
function ReasonInput({ reason, isFocused, onChange }) {
  const id = useId();
  return h(
    React.Fragment,
    null,
    h("label", { htmlFor: id }, "Why"),
    h("input", {
      id,
      value: reason,
      required: true,
      maxLength: LONGEST_REASON,
      autoFocus: isFocused,
      onChange: (event) => onChange(event.target.value)
    })
  );
}
function OverrideInput({ freeze: freeze2, override, onChange }) {
  const id = useId();
  return h(
    React.Fragment,
    null,
    h(
      "label",
      { htmlFor: id, className: "sw-freeze" },
      `❄ ${freeze2.reason} (${freeze2.owner}). Why this cannot wait`
    ),
    h("input", {
      id,
      value: override,
      required: true,
      onChange: (event) => onChange(event.target.value)
    })
  );
}
function ConfirmationDialog({ context, close, confirmation }) {
  const { button, confirm, fields, freeze: freeze2, subject, text, title } = confirmation;
  return h(
    Dialog,
    { title, close },
    h("p", null, text),
    h(ReasonForm, {
      context,
      close,
      confirm,
      freeze: freeze2,
      onConfirm: (given) => context.press(subject, button, { ...fields, ...given })
    })
  );
}
function ConfirmationButton({ context, label, confirmation, name, isPrimary }) {
  const open = () => context.open(
    (current, close) => h(ConfirmationDialog, { context: current, close, confirmation })
  );
  return h(Button, { label, name, isPrimary, onClick: open });
}

// web/page/source/logic/buttons.js
function componentButton(column, cell, action) {
  return { scheduler: schedulerOf(column, action), builderid: cell.builder_id };
}
function siteButton(column, action) {
  return { scheduler: schedulerOf(column, action), builderid: column.builder_id };
}
function schedulerOf(column, action) {
  const scheduler = column.buttons[action];
  if (!scheduler) throw new Error(`${column.name} has no button for '${action}'`);
  return scheduler;
}

// web/page/source/logic/status.js
function isBusy(board) {
  return board.columns.some((column) => column.running) || board.rows.some((row) => row.building || row.cells.some((cell) => cell.running || cell.queued));
}
function cellOf(row, environment) {
  return row.cells.find((cell) => cell.environment === environment);
}
function waitingReleases(board) {
  return board.columns.map((column) => ({
    column,
    rows: board.rows.filter((row) => cellOf(row, column.name)?.waiting)
  })).filter(({ rows }) => rows.length);
}
function waitingSentence({ column, rows }) {
  return `${waits(rows.length, "release")} for ${column.name}`;
}
function summary(board) {
  const cells = board.rows.flatMap((row) => row.cells);
  const broken = board.rows.filter((row) => row.problem).length;
  const held = cells.filter((cell) => cell.hold).length;
  const unhealthy = cells.filter((cell) => cell.health?.healthy === false).length;
  const unknown = cells.filter((cell) => cell.health?.healthy === null).length;
  const notes = [];
  if (unhealthy) notes.push(`${plural(unhealthy, "release")} unhealthy`);
  if (unknown) notes.push(`health of ${plural(unknown, "release")} unknown`);
  if (broken) notes.push(`${plural(broken, "component")} cannot be built`);
  if (held) notes.push(`${held} on hold`);
  const calm = unknown || waitingReleases(board).length ? "waiting" : "good";
  return { state: unhealthy || broken ? "bad" : calm, notes };
}
function frozenSentence(freeze2) {
  const until = freeze2.until ? ` until ${formatDate(freeze2.until)}` : "";
  return `frozen${until} by ${freeze2.owner}: ${freeze2.reason}`;
}
var HEALTH_MARKS = (
  /** @type {const} */
  { unhealthy: "✖", unknown: "○", healthy: "●" }
);
function healthStatus(health, now) {
  if (!health) return healthMark("unknown", "not asked yet");
  const { healthy, message: message2, when } = health;
  if (healthy === null) {
    const note = when ? `health unknown, last known ${ago(when, now)}` : "health unknown";
    return healthMark("unknown", `${message2}; ${note}`, note);
  }
  const age = when ? `, ${Math.round(secondsBetween(when, now))} s ago` : "";
  return healthMark(healthy ? "healthy" : "unhealthy", message2 + age);
}
function healthMark(state, description, note = null) {
  return { state, description, note, mark: HEALTH_MARKS[state] };
}
var FULLEST = 0.97;
function progress(running, now) {
  const step = running.step || "waits";
  const detail = ["", running.step, "pending"].includes(running.message) ? null : running.message;
  if (!running.seconds) return { step, detail, share: void 0, remaining: null };
  const elapsed = secondsBetween(running.started, now);
  const rest = running.seconds - elapsed;
  return {
    step,
    detail,
    share: Math.min(elapsed / running.seconds, FULLEST),
    remaining: rest > 0 ? `about ${duration(rest)} left` : "finishing"
  };
}
function cellStatus(cell, column) {
  const { failed, hold, live, queued, running, waiting } = cell;
  return {
    sameAs: live && !waiting ? column.promotes_from : null,
    hold: hold ? `On hold by ${hold.message}` : null,
    action: running ? running.action || "deploy" : null,
    queue: queued && !running ? waits(queued, "request") : null,
    failed: running ? null : failed,
    approvals: cell.approvals.length ? `approved by ${cell.approvals.join(", ")}` : null
  };
}

// web/page/source/logic/confirmations.js
function promoteAll({ column, rows }) {
  const releases = rows.map((row) => {
    return `${row.component}=${cellOf(row, column.name)?.waiting?.digest}`;
  });
  return {
    fields: { wanted: releases.join(",") },
    title: `Promote everything that waits to ${column.name}`,
    text: `One after the other, in this order: ${rows.map((row) => row.component).join(", ")}. The first that fails stops the rest; what was moved can then be reverted.`,
    confirm: `Promote ${plural(rows.length, "release")}`,
    button: siteButton(column, "promote-all"),
    freeze: column.freeze,
    subject: `Everything → ${column.name}`
  };
}
function freeze(column) {
  const { name } = column;
  return {
    title: `Freeze ${name}`,
    text: "Nothing is promoted until somebody ends the freeze. Rolling back stays possible, and a promotion that cannot wait can be forced with a reason.",
    confirm: `Freeze ${name}`,
    button: siteButton(column, "freeze"),
    subject: `Freeze ${name}`
  };
}
function thaw(column) {
  const { name, freeze: freeze2 } = column;
  return {
    title: `End the freeze of ${name}`,
    text: freeze2 ? `It is ${frozenSentence(freeze2)}.` : "",
    confirm: "End the freeze",
    button: siteButton(column, "thaw"),
    subject: `Freeze of ${name}`
  };
}
function revert(column) {
  const { name, interrupted, interrupted_build } = column;
  return {
    title: `Revert the promotion to ${name}`,
    text: `${interrupted ? `${interrupted.message}. ` : ""}What it moved is rolled back, the last first, and put on hold.`,
    confirm: "Revert",
    button: siteButton(column, "revert"),
    fields: { wanted: interrupted_build },
    subject: `Revert ${name}`
  };
}
function configure({ component }, cell, column) {
  const subject = `${component} in ${cell.environment}`;
  return {
    title: `Configure ${subject} again`,
    text: "The live release is deployed again with the secrets and settings of today, for example after a secret was rotated. It is checked first; if a check fails, nothing changes.",
    confirm: "Configure again",
    button: componentButton(column, cell, "configure"),
    subject
  };
}
function holdOrLift({ component }, cell, column) {
  const { environment, hold } = cell;
  const subject = `${component} in ${environment}`;
  if (!hold) {
    return {
      title: `Hold ${subject}`,
      text: "Nothing newer is deployed or promoted here until the hold is lifted.",
      confirm: "Hold",
      button: componentButton(column, cell, "hold"),
      subject
    };
  }
  return {
    title: `Lift the hold of ${subject}`,
    text: `On hold by ${hold.message}.`,
    confirm: "Lift hold",
    button: componentButton(column, cell, "lift-hold"),
    subject
  };
}

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

// web/page/source/press.js
var { useCallback, useEffect, useRef: useRef2, useState: useState2 } = React;
var POLL_INTERVAL = 500;
function usePress(refresh) {
  const [notice, setNotice] = useState2(
    /** @type {TitledNotice | null} */
    null
  );
  const count = useRef2(0);
  useEffect(() => () => void (count.current += 1), []);
  const press = useCallback(
    /** @type {Press} */
    async (title, button, fields) => {
      const mine = ++count.current;
      const isLatest = () => mine === count.current;
      const show = (state) => isLatest() && setNotice({ title, ...state });
      show({ text: "asked for", state: "running" });
      try {
        const request = await pressButton(button, fields);
        refresh();
        await follow(request, show, isLatest);
      } catch (error) {
        show({ text: message(error), state: "bad" });
      }
      refresh();
    },
    [refresh]
  );
  return { notice, press, dismiss: () => setNotice(null) };
}
async function follow(request, show, isLatest) {
  while (isLatest()) {
    const notice = await requestNotice(request);
    show(notice);
    if (notice.state !== "running") return;
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL));
  }
}
async function requestNotice(request) {
  try {
    const build = await lastBuild(request);
    return build ? buildNotice(build) : noBuildNotice(await isCancelled(request));
  } catch (error) {
    const text = `the master does not answer; it goes on there (${message(error)})`;
    return { text, state: "running" };
  }
}
function message(error) {
  return error instanceof Error ? error.message : String(error);
}
function PressNotice({ notice, dismiss }) {
  const { link, state, text, title } = notice;
  const close = {
    type: "button",
    className: "sw-close",
    "aria-label": "Dismiss",
    onClick: dismiss
  };
  return h(
    "p",
    { className: `sw-banner sw-${state}` },
    h("strong", null, title),
    ": ",
    text,
    " ",
    link ? h(ViewLink, { to: link }, "log") : null,
    state === "running" ? null : h("button", close, "×")
  );
}

// web/page/source/changes.js
var { Fragment, useEffect: useEffect2, useState: useState3 } = React;
var LOADING = { difference: null, error: null };
function useComparison(before, after, isRollBack) {
  const [comparison, setComparison] = useState3(LOADING);
  useEffect2(() => {
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
var { useState: useState4 } = React;
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
  const isForbidden = whyNotReleaser(context.visitor, context.board.releasers);
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
  const [chosen, setChosen] = useState4(cell.previous || cell.earlier[0]?.instance || "");
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
var { useCallback: useCallback2, useEffect: useEffect3, useState: useState5 } = React;
var BUSY_INTERVAL = 500;
var CALM_INTERVAL = 2e4;
function Board() {
  const { value: board, error, isConnected, refresh } = useAnswer("board.json");
  const { notice, press, dismiss } = usePress(refresh);
  const [dialog, setDialog] = useState5(
    /** @type {{ draw: Dialog } | null} */
    null
  );
  const clock = useNow(board && isBusy(board) ? BUSY_INTERVAL : CALM_INTERVAL);
  const drift = useDrift(board);
  const close = useCallback2(() => setDialog(null), []);
  if (!board) {
    const children = error ? h("p", { className: "sw-note", role: "alert" }, `The master does not say: ${error.message}`) : h(Loading);
    return h(View, { title: "Releases", current: "Board" }, children);
  }
  const context = {
    board,
    now: clock + drift,
    visitor: visitor(),
    press,
    open: (draw) => setDialog({ draw })
  };
  return h(
    View,
    { title: "Releases", current: "Board", summary: h(Summary, { context }) },
    isConnected ? null : h(ConnectionLost),
    h(ErrorBanner, { error }),
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
  const [drift, setDrift] = useState5(0);
  const now = board?.now;
  useEffect3(() => {
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
