// What is asked before anything moves: what would change, and why.

import { ask, visitor } from "./master.js";
import { Ago, Named, growth, h, plural, size } from "./words.js";

const { useEffect, useId, useRef, useState } = React;

/** The browser's own dialog: it keeps the focus, ends with Escape, and gives the focus back. */
function Dialog({ title, close, children }) {
  const dialog = useRef(null);
  const heading = useId();
  React.useLayoutEffect(() => {
    const it = dialog.current;
    it.showModal();
    return () => it.close(); // gives the focus back
  }, []);
  return h(
    "dialog",
    { ref: dialog, className: "sw-dialog", "aria-labelledby": heading, onClose: close },
    h("h2", { id: heading }, title),
    children,
  );
}

/** Reason and confirmation; whoever may not confirm is told why. */
function Confirm({ act, close, confirm, freeze, proposed = "", onConfirm, extra }) {
  const [typed, setReason] = useState(null);
  const reason = typed ?? proposed;
  const [despite, setDespite] = useState("");
  const form = useId();
  const who = visitor();
  const why = act.may
    ? null
    : who
      ? `${who} is not a releaser: ${act.board.releasers.join(", ")} may press this.`
      : "Only releasers may press this. Log in at the upper right; anybody may look.";
  function submit(event) {
    event.preventDefault();
    close();
    onConfirm({ reason, ...(freeze ? { despite } : {}) });
  }
  return h(
    "form",
    { onSubmit: submit, className: "sw-confirm" },
    why
      ? h("p", { className: "sw-banner sw-note" }, why)
      : [
          h("label", { key: "label", htmlFor: `${form}-reason` }, "Why"),
          h("input", {
            key: "reason",
            id: `${form}-reason`,
            value: reason,
            required: true,
            maxLength: 200,
            autoFocus: !proposed,
            onChange: (event) => setReason(event.target.value),
          }),
          freeze
            ? h(
                "label",
                { key: "frozen", htmlFor: `${form}-despite`, className: "sw-freeze" },
                `❄ ${freeze.reason} (${freeze.owner}). Why this cannot wait`,
              )
            : null,
          freeze
            ? h("input", {
                key: "despite",
                id: `${form}-despite`,
                value: despite,
                required: true,
                onChange: (event) => setDespite(event.target.value),
              })
            : null,
        ],
    h(
      "div",
      { className: "sw-buttons" },
      h(
        "button",
        { type: "button", className: "sw-button", onClick: close },
        why ? "Close" : "Cancel",
      ),
      extra,
      h(
        "button",
        {
          type: "submit",
          className: "sw-button sw-primary",
          autoFocus: Boolean(proposed),
          disabled: Boolean(why),
        },
        confirm,
      ),
    ),
  );
}

export function ReasonDialog({
  act,
  close,
  title,
  text,
  confirm,
  button,
  fields = {},
  freeze,
  shown,
}) {
  return h(
    Dialog,
    { title, close },
    h("p", null, text),
    h(Confirm, {
      act,
      close,
      confirm,
      freeze,
      onConfirm: (given) => act.press(shown, button, { ...fields, ...given }),
    }),
  );
}

export function PromoteDialog({ act, close, cell, column, row }) {
  const { waiting, live } = cell;
  const builder = `${row.component}-${cell.environment}`;
  const shown = `${row.component} → ${cell.environment}`;
  const found = useDifference(live?.digest, waiting.digest, false);
  const wanted = waiting.digest;
  const mine = column.two_person && !cell.approvals.filter((who) => who !== visitor()).length;
  const approve =
    column.two_person && act.may
      ? h(
          "button",
          {
            type: "button",
            className: "sw-button",
            onClick: () => {
              close();
              act.press(`Approve ${shown}`, `${builder}-approve`, {
                wanted,
                reason: "looked at it",
              });
            },
          },
          "Approve",
        )
      : null;
  return h(
    Dialog,
    { title: `Promote ${row.title} to ${cell.environment}`, close },
    h(
      "p",
      null,
      h(Named, { release: waiting }),
      ` runs in ${column.promotes_from} since `,
      h(Ago, { when: waiting.since, now: act.now }),
      `; put there and verified by ${waiting.owner}`,
      waiting.reason ? `: ${waiting.reason}` : "",
      ".",
    ),
    column.two_person
      ? h(
          "p",
          { className: "sw-banner sw-note" },
          cell.approvals.length
            ? `Approved by ${cell.approvals.join(", ")}.`
            : "Takes two people: another releaser must approve this very release first.",
        )
      : null,
    cell.against && !column.freeze && !mine
      ? h("p", { className: "sw-banner sw-warn" }, cell.against)
      : null,
    h(Changes, { found, name: cell.environment }),
    h(Confirm, {
      act,
      close,
      confirm: `Promote to ${cell.environment}`,
      freeze: column.freeze,
      extra: approve,
      proposed: proposal(waiting, found?.difference),
      onConfirm: (given) => act.press(shown, `${builder}-promote`, { wanted, ...given }),
    }),
  );
}

/** A reason that nobody needs to type: what it is that changes. */
function proposal(waiting, difference) {
  const changed = difference ? [difference.upstream, ...difference.overlays].filter(differs) : [];
  const words = changed.map(
    ({ into, before, after }) =>
      `${into || "upstream"} ${before?.commit.slice(0, 8) ?? "nothing"} → ${after?.commit.slice(0, 8) ?? "nothing"}`,
  );
  return (
    words.join(", ") || `${waiting.upstream} with ${plural(waiting.patches ?? 0, "patch")}`
  ).slice(0, 200);
}

function differs({ before, after }) {
  return before?.commit !== after?.commit;
}

export function RollBackDialog({ act, close, cell, row }) {
  const [chosen, choose] = useState(cell.back || cell.earlier[0]?.digest);
  const found = useDifference(cell.live.digest, chosen, true);
  const shown = `${row.component} in ${cell.environment}`;
  return h(
    Dialog,
    { title: `Roll back ${row.title} in ${cell.environment}`, close },
    h(
      "fieldset",
      { className: "sw-earlier" },
      h("legend", null, "To a release that is still on the servers"),
      cell.earlier.map((release) =>
        h(
          "label",
          { key: release.digest },
          h("input", {
            type: "radio",
            name: "release",
            value: release.digest,
            checked: release.digest === chosen,
            onChange: () => choose(release.digest),
          }),
          " ",
          h(Named, { release }),
          h(
            "span",
            { className: "sw-who" },
            " live since ",
            h(Ago, { when: release.since, now: act.now }),
            ` by ${release.owner}`,
          ),
        ),
      ),
    ),
    h(Changes, { found, name: cell.environment }),
    h(
      "p",
      { className: "sw-note" },
      "No build, under a second. The component is then on hold; the database stays as it is.",
    ),
    h(Confirm, {
      act,
      close,
      confirm: `Roll back ${cell.environment}`,
      onConfirm: (given) =>
        act.press(shown, `${row.component}-${cell.environment}-roll-back`, {
          wanted: chosen,
          ...given,
        }),
    }),
  );
}

function useDifference(before, after, backwards) {
  const [found, setFound] = useState(null);
  useEffect(() => {
    let over = false;
    setFound(null);
    ask("difference.json", {
      from: before ?? "",
      to: after,
      ...(backwards ? { backwards: "yes" } : {}),
    }).then(
      (difference) => over || setFound({ difference }),
      (error) => over || setFound({ error }),
    );
    return () => void (over = true);
  }, [before, after, backwards]);
  return found;
}

/** What would change, from the most telling to the last file. */
function Changes({ found, name }) {
  if (!found)
    return h("p", { className: "sw-note", role: "status" }, "Comparing the two releases…");
  if (found.error)
    return h(
      "p",
      { className: "sw-banner sw-warn" },
      `What changes is not known: ${found.error.message}`,
    );
  const it = found.difference;
  const sections = [
    h(Part, { key: "upstream", title: "Upstream", text: h(Source, { source: it.upstream }) }),
    h(Part, { key: "patches", title: "Patches", text: h(Patches, { it }) }),
    it.overlays.length
      ? h(Part, {
          key: "overlays",
          title: "Overlays",
          text: h(
            "ul",
            null,
            it.overlays.map((source) =>
              h("li", { key: source.into + source.repository }, h(Source, { source })),
            ),
          ),
        })
      : null,
    it.configuration.length
      ? h(Part, {
          key: "configuration",
          title: "Configuration",
          text: it.configuration.map((text) =>
            h(
              "details",
              { key: text.name },
              h("summary", null, text.name),
              h("pre", null, text.difference),
            ),
          ),
        })
      : null,
    h(Part, {
      key: "migrations",
      title: "Migrations",
      text: it.migrations.length
        ? h(
            "ul",
            null,
            it.migrations.map((command) => h("li", { key: command }, h("code", null, command))),
          )
        : "none",
    }),
    h(Part, { key: "files", title: "Files", text: h(Files, { it }) }),
  ];
  return h(
    "section",
    { className: "sw-changes", "aria-label": `What changes in ${name}`, tabIndex: 0 },
    h("dl", null, sections),
  );
}

function Part({ title, text }) {
  return h(React.Fragment, null, h("dt", null, title), h("dd", null, text));
}

function Source({ source }) {
  const { before, after } = source;
  const at = source.into ? `${source.into}: ` : "";
  const end = (material) =>
    material
      ? h(
          React.Fragment,
          null,
          material.release,
          " ",
          h("code", { title: material.commit }, material.commit.slice(0, 8)),
        )
      : "nothing";
  if (!differs(source)) return h("span", null, at, end(after), ", unchanged");
  return h(
    "span",
    null,
    at,
    end(before),
    " → ",
    end(after),
    " ",
    source.compare ? h("a", { href: source.compare, rel: "noreferrer" }, "commits") : null,
  );
}

function Patches({ it }) {
  const lists = [
    ["added", it.patches_added],
    ["changed", it.patches_changed],
    ["removed", it.patches_removed],
  ];
  const some = lists.filter(([, patches]) => patches.length);
  if (!some.length) return it.patches ? `${plural(it.patches, "patch")}, unchanged` : "none";
  return h(
    "ul",
    null,
    some.flatMap(([kind, patches]) =>
      patches.map((patch) =>
        h(
          "li",
          { key: kind + patch.name },
          h("span", { className: `sw-kind sw-${kind}` }, kind),
          " ",
          patch.subject,
          " ",
          h("span", { className: "sw-who" }, patch.author),
        ),
      ),
    ),
  );
}

function Files({ it }) {
  const kinds = [
    ["added", it.added],
    ["changed", it.changed],
    ["removed", it.removed],
  ];
  const some = kinds.filter(([, files]) => files.count);
  if (!some.length) return "the same files";
  return some.map(([kind, files]) =>
    h(
      "details",
      { key: kind },
      h("summary", null, `${plural(files.count, "file")} ${kind}, ${growth(files.bytes)}`),
      h(
        "ul",
        { className: "sw-files" },
        files.first.map((file) =>
          h("li", { key: file.path }, h("code", null, file.path), " ", sizes(file)),
        ),
        files.count > files.first.length
          ? h("li", null, `and ${files.count - files.first.length} more`)
          : null,
      ),
    ),
  );
}

function sizes(file) {
  if (file.before === null) return size(file.after);
  if (file.after === null) return size(file.before);
  return file.before === file.after
    ? size(file.after)
    : `${size(file.before)} → ${size(file.after)}`;
}
