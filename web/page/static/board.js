// The board: rows are components, columns the environments in the order of promotion.

import { ask, built, forgotten, press, useLive, visitor } from "./master.js";
import { PromoteDialog, ReasonDialog, RollBackDialog } from "./dialogs.js";
import { Ago, Go, Head, Named, duration, exactly, h, plural, sentence, useNow } from "./words.js";

const { useCallback, useEffect, useState } = React;
const PAUSE = 500; // milliseconds
const AGAIN = 5; // Buildbot's RETRY: the worker was lost, and the build is repeated

export function Board() {
  const { value: board, error, connected, refresh } = useLive(() => ask("board.json"));
  const [dialog, setDialog] = useState(null);
  const [said, setSaid] = useState(null);
  const busy = board && somethingRuns(board);
  const clock = useNow(busy ? 500 : 20_000);
  const drift = useDrift(board);
  const close = useCallback(() => setDialog(null), []);
  useEffect(() => () => void (presses += 1), []);
  if (!board) {
    return h(
      "main",
      { className: "sw" },
      h(Head, { title: "Releases", at: "Board" }),
      h(
        "p",
        { className: "sw-note", role: error ? "alert" : "status" },
        error ? `The master does not say: ${error.message}` : "Loading…",
      ),
    );
  }
  const now = clock + drift;
  const may = board.releasers.includes(visitor());
  const act = {
    now,
    may,
    open: setDialog,
    board,
    press: (title, button, fields) => pressed(title, button, fields, setSaid, refresh),
  };
  return h(
    "main",
    { className: "sw" },
    h(Head, { title: "Releases", at: "Board" }, h(Summary, { board, act })),
    connected
      ? null
      : h(
          "p",
          { className: "sw-banner sw-warn", role: "status" },
          "The connection to the master is lost; it is tried again. What you see may be old.",
        ),
    error ? h("p", { className: "sw-banner sw-bad", role: "alert" }, error.message) : null,
    h(
      "div",
      { "aria-live": "polite", role: "status" },
      said ? h(Said, { said, forget: () => setSaid(null) }) : null,
    ),
    h(
      "table",
      { className: "sw-board" },
      h("caption", { className: "sr-only" }, "What is live, by component and environment"),
      h(
        "thead",
        null,
        h(
          "tr",
          null,
          h("th", { scope: "col" }, "Component"),
          board.columns.map((column) => h(Column, { key: column.name, column, act })),
        ),
      ),
      h(
        "tbody",
        null,
        board.rows.map((row) => h(Row, { key: row.component, row, act })),
      ),
    ),
    dialog ? h(dialog.kind, { ...dialog.given, act, close }) : null,
  );
}

function somethingRuns(board) {
  return (
    board.columns.some((column) => column.running) ||
    board.rows.some((row) => row.building || row.cells.some((cell) => cell.running || cell.queued))
  );
}

/** By how many milliseconds the master's clock is ahead of this one. */
function useDrift(board) {
  const [drift, setDrift] = useState(0);
  const now = board?.now;
  useEffect(() => {
    if (now) setDrift(new Date(now) - Date.now());
  }, [now]);
  return drift;
}

let presses = 0;

/** Press a button, then say what the build says until it is over, or another one is pressed. */
async function pressed(title, button, fields, say, refresh) {
  const mine = ++presses;
  const tell = (said) => mine === presses && say({ title, ...said });
  tell({ text: "asked for", state: "running" });
  try {
    const request = await press(button, fields);
    refresh();
    while (mine === presses && !(await told(request, tell))) {
      await new Promise((next) => setTimeout(next, PAUSE));
    }
  } catch (error) {
    tell({ text: error.message, state: "bad" });
  }
  refresh();
}

/** Say what has become of a request; whether it is over. The master may be away for a moment. */
async function told(request, tell) {
  try {
    const build = await built(request);
    if (!build) {
      const over = await forgotten(request);
      tell(
        over
          ? { text: "it was cancelled before it began", state: "note" }
          : { text: "waits for its turn", state: "running" },
      );
      return over;
    }
    const link = `#/builders/${build.builderid}/builds/${build.number}`;
    const ended = build.results === 0 ? "good" : build.results === 3 ? "note" : "bad";
    const over = build.complete && build.results !== AGAIN;
    tell({ text: sentence(build.state_string), state: over ? ended : "running", link });
    return over;
  } catch (error) {
    tell({
      text: `the master does not answer; it goes on there (${error.message})`,
      state: "running",
    });
    return false;
  }
}

function Said({ said, forget }) {
  return h(
    "p",
    { className: `sw-banner sw-${said.state}` },
    h("strong", null, said.title),
    ": ",
    said.text,
    " ",
    said.link ? h(Go, { to: said.link }, "log") : null,
    said.state === "running"
      ? null
      : h(
          "button",
          { type: "button", className: "sw-close", "aria-label": "Dismiss", onClick: forget },
          "×",
        ),
  );
}

/** Whether anything waits at all, in one line. */
function Summary({ board, act }) {
  const waiting = board.columns
    .map((column, at) => [column, board.rows.filter((row) => row.cells[at].waiting)])
    .filter(([, rows]) => rows.length);
  const broken = board.rows.filter((row) => row.problem).length;
  const held = board.rows.flatMap((row) => row.cells).filter((cell) => cell.hold).length;
  const ill = board.rows
    .flatMap((row) => row.cells)
    .filter((cell) => cell.health && !cell.health.well).length;
  const notes = [
    ill ? `${plural(ill, "release")} not well` : null,
    broken ? `${plural(broken, "component")} cannot be built` : null,
    held ? `${held} on hold` : null,
  ].filter(Boolean);
  return h(
    "p",
    {
      className: "sw-summary",
      "data-state": ill || broken ? "bad" : waiting.length ? "waiting" : "good",
    },
    waiting.length
      ? waiting.map(([column, rows]) =>
          h(
            "span",
            { key: column.name },
            `${plural(rows.length, "release")} wait${rows.length === 1 ? "s" : ""} for ${column.name} `,
            h(Press, {
              act,
              label: `Promote all (${rows.length})…`,
              primary: true,
              open: {
                kind: ReasonDialog,
                given: everything(column, rows, board.columns.indexOf(column)),
              },
            }),
          ),
        )
      : h("span", null, "✓ Everything is the same everywhere"),
    notes.length ? h("span", { className: "sw-notes" }, notes.join(" · ")) : null,
  );
}

function everything(column, rows, at) {
  const shown = rows.map((row) => `${row.component}=${row.cells[at].waiting.digest}`);
  return {
    fields: { wanted: shown.join(",") },
    title: `Promote everything that waits to ${column.name}`,
    text:
      `One after the other, in this order: ${rows.map((row) => row.component).join(", ")}. ` +
      "The first that fails stops the rest; what was moved can then be returned.",
    confirm: `Promote ${plural(rows.length, "release")}`,
    button: `site-${column.name}-promote-all`,
    freeze: column.freeze,
    shown: `Everything → ${column.name}`,
  };
}

/** A button that explains itself: for whoever may not press it, it says why in its dialog. */
function Press({ act, label, open, primary, title }) {
  return h(
    "button",
    {
      type: "button",
      className: `sw-button ${primary ? "sw-primary" : ""}`,
      title,
      onClick: () => act.open(open),
    },
    label,
  );
}

function Column({ column, act }) {
  const name = column.name;
  const ask = (given) => ({ kind: ReasonDialog, given });
  const freeze = ask({
    title: `Freeze ${name}`,
    confirm: `Freeze ${name}`,
    button: `site-${name}-freeze`,
    text:
      "Nothing is promoted until somebody ends the freeze. Rolling back stays possible, and a " +
      "promotion that cannot wait can be forced with a reason.",
    shown: `Freeze ${name}`,
  });
  const thaw = ask({
    title: `End the freeze of ${name}`,
    confirm: "End the freeze",
    button: `site-${name}-thaw`,
    text: `It is ${frozen(column.freeze)}.`,
    shown: `Freeze of ${name}`,
  });
  const back = ask({
    title: `Return what was moved to ${name}`,
    confirm: "Return it",
    button: `site-${name}-return`,
    text: `${column.stopped?.said}. What it moved is rolled back, the last first, and put on hold.`,
    fields: { wanted: column.stopped_number },
    shown: `Return ${name}`,
  });
  return h(
    "th",
    { scope: "col" },
    h(
      "div",
      { className: "sw-column" },
      h("span", { className: "sw-environment" }, name),
      column.two_person
        ? h(
            "span",
            { className: "sw-tag", title: "A promotion needs another releaser's approval" },
            "two people",
          )
        : null,
      !column.promotes_from
        ? h("span", { className: "sw-tag" }, "every green build")
        : !column.freeze
          ? h(Press, { act, label: "Freeze…", open: freeze })
          : null,
    ),
    column.freeze
      ? h(
          "div",
          { className: "sw-freeze" },
          `❄ ${frozen(column.freeze)} `,
          column.by_hand ? h(Press, { act, label: "End…", open: thaw }) : null,
        )
      : null,
    column.running ? h(Running, { running: column.running, act, what: "everything" }) : null,
    column.stopped && !column.running
      ? h(
          "div",
          { className: "sw-stopped" },
          h(Go, { to: column.stopped.link }, column.stopped.said),
          " ",
          h(Press, { act, label: "Return what it moved…", open: back }),
        )
      : null,
  );
}

function frozen(freeze) {
  if (!freeze) return "";
  const until = freeze.until ? ` until ${exactly(freeze.until)}` : "";
  return `frozen${until} by ${freeze.owner}: ${freeze.reason}`;
}

function Row({ row, act }) {
  const columns = act.board.columns;
  return h(
    "tr",
    { "data-component": row.component },
    h(
      "th",
      { scope: "row" },
      h(
        Go,
        {
          to: `/releases/history/${row.component}`,
          className: "sw-component",
          title: `History of ${row.component}`,
        },
        row.title,
      ),
      row.title.toLowerCase() === row.component
        ? null
        : h("span", { className: "sw-name" }, row.component),
      row.building ? h(Running, { running: row.building, act, what: "building" }) : null,
      row.problem && !row.building
        ? h(
            "p",
            { className: "sw-problem" },
            h("span", { "aria-hidden": true }, "⚠ "),
            h("span", null, "Cannot be built: ", h(Go, { to: row.problem.link }, row.problem.said)),
          )
        : null,
    ),
    row.cells.map((cell, at) =>
      h(Cell, { key: cell.environment, cell, column: columns[at], row, act }),
    ),
  );
}

function Cell({ cell, column, row, act }) {
  const { live, waiting, running } = cell;
  const same = column.promotes_from && live && !waiting;
  return h(
    "td",
    {
      "data-environment": cell.environment,
      "data-label": cell.environment,
      className: waiting ? "sw-has-waiting" : "",
    },
    live
      ? h(
          "div",
          { className: "sw-live" },
          h(Health, { health: cell.health, now: act.now }),
          h(
            "div",
            null,
            h(
              "div",
              null,
              h(Named, { release: live }),
              same
                ? h(
                    "span",
                    { className: "sw-same", title: `the same as in ${column.promotes_from}` },
                    " ✓ same",
                  )
                : null,
            ),
            h(
              "div",
              { className: "sw-who" },
              h(Ago, { when: live.since, now: act.now }),
              ` by ${live.owner} · `,
              h("a", { href: cell.url }, "open"),
            ),
          ),
        )
      : h("p", { className: "sw-note" }, "nothing yet"),
    cell.hold
      ? h(
          "p",
          { className: "sw-hold" },
          h("span", { "aria-hidden": true }, "✋ "),
          "On hold by ",
          cell.hold.said,
        )
      : null,
    running
      ? h(Running, { running, act, what: running.action || "deploy" })
      : cell.queued
        ? h("p", { className: "sw-note" }, `${plural(cell.queued, "request")} waits`)
        : null,
    cell.failed && !running
      ? h("p", { className: "sw-failed" }, h(Go, { to: cell.failed.link }, cell.failed.said))
      : null,
    waiting ? h(Waiting, { cell, column, row, act }) : null,
    live ? h(More, { cell, row, act }) : null,
  );
}

function Health({ health, now }) {
  const state = !health ? "unknown" : health.well ? "well" : "ill";
  const said = !health
    ? "not asked yet"
    : `${health.said}, ${Math.round((now - new Date(health.when)) / 1000)} s ago`;
  return h(
    "span",
    {
      className: `sw-health sw-${state}`,
      role: "img",
      "aria-label": `health: ${state}: ${said}`,
      title: said,
    },
    state === "well" ? "●" : state === "ill" ? "✖" : "○",
  );
}

function Waiting({ cell, column, row, act }) {
  const { waiting } = cell;
  const name = `${row.component} to ${column.name}`;
  const promote = { kind: PromoteDialog, given: { cell, column, row } };
  return h(
    "div",
    { className: "sw-waiting" },
    h(
      "div",
      null,
      h("span", { className: "sw-arrow", "aria-hidden": true }, "⇧ "),
      h(Named, { release: waiting }),
      " waits",
    ),
    cell.against ? h("p", { className: "sw-against" }, cell.against) : null,
    cell.approvals.length
      ? h("p", { className: "sw-approved" }, `approved by ${cell.approvals.join(", ")}`)
      : null,
    h(
      "button",
      {
        type: "button",
        className: "sw-button sw-primary",
        "aria-label": `Promote ${name}…`,
        disabled: Boolean(cell.running),
        onClick: () => act.open(promote),
      },
      "Promote…",
    ),
  );
}

function More({ cell, row, act }) {
  const name = `${row.component} in ${cell.environment}`;
  const builder = `${row.component}-${cell.environment}`;
  const reason = (given) => ({ kind: ReasonDialog, given: { ...given, shown: name } });
  const hold = reason({
    title: `Hold ${name}`,
    confirm: "Hold",
    button: `${builder}-hold`,
    text: "Nothing newer is deployed or promoted here until the hold is released.",
  });
  const release = reason({
    title: `Release the hold of ${name}`,
    confirm: "Release hold",
    button: `${builder}-release-hold`,
    text: cell.hold ? `On hold by ${cell.hold.said}.` : "",
  });
  const back = { kind: RollBackDialog, given: { cell, row } };
  return h(
    "div",
    { className: "sw-more" },
    h(
      "button",
      {
        type: "button",
        className: "sw-button",
        "aria-label": `Roll back ${name}…`,
        disabled: !cell.earlier.length || Boolean(cell.running),
        title: cell.earlier.length ? undefined : "nothing was live here before",
        onClick: () => act.open(back),
      },
      "Roll back…",
    ),
    h(
      "button",
      {
        type: "button",
        className: "sw-button",
        onClick: () => act.open(cell.hold ? release : hold),
        "aria-label": cell.hold ? `Release the hold of ${name}…` : `Hold ${name}…`,
      },
      cell.hold ? "Release hold…" : "Hold…",
    ),
  );
}

/** A build that runs: its step, how far it is, and how long it will take. */
function Running({ running, act, what }) {
  const passed = Math.max(0, (act.now - new Date(running.started)) / 1000);
  const share = running.seconds ? Math.min(passed / running.seconds, 0.97) : undefined;
  const left = running.seconds ? Math.max(running.seconds - passed, 0) : null;
  const step = running.step || "waits";
  return h(
    "div",
    { className: "sw-running" },
    h("progress", { value: share, max: 1, "aria-label": `${what}: ${step}` }),
    h(
      "div",
      null,
      h(Go, { to: running.link }, h("strong", null, what), ` ${step}`),
      running.worker ? ` on ${running.worker}` : "",
      left === null ? "" : left > 0 ? ` · about ${duration(left)} left` : " · any moment",
    ),
    running.said && ![running.step, "pending"].includes(running.said)
      ? h("div", { className: "sw-who" }, running.said)
      : null,
  );
}
