// Written by `make bundle` from web/page/source; change it there.
import {
  Banner,
  Button,
  ViewLink,
  ago,
  buildNotice,
  duration,
  formatDate,
  h,
  isCancelled,
  lastBuild,
  noBuildNotice,
  plural,
  pressButton,
  secondsBetween,
  short,
  size,
  waits,
  whyNotReleaser
} from "./shared-LSL4QQPF.js";

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
  const forbidden = whyNotReleaser(context.visitor, context.releasers);
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
function removeArtifacts({ button, builder_id, kept }) {
  return {
    title: "Remove what is not kept",
    text: `${kept} The other artifacts and old logs are removed and cannot be brought back.`,
    confirm: "Remove",
    button: { scheduler: button, builderid: builder_id },
    subject: "Store"
  };
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

export {
  differs,
  proposedReason,
  patchChanges,
  fileChanges,
  fileSizes,
  Dialog,
  ReasonForm,
  ConfirmationButton,
  componentButton,
  isBusy,
  cellOf,
  waitingReleases,
  waitingSentence,
  summary,
  frozenSentence,
  healthStatus,
  progress,
  cellStatus,
  promoteAll,
  freeze,
  thaw,
  revert,
  configure,
  holdOrLift,
  removeArtifacts,
  usePress,
  PressNotice
};
