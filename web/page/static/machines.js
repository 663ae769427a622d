// The machines that exist for builds and deployments now, and what became of those before.

import { ask, useLive } from "./master.js";
import { Head, duration, h, plural } from "./words.js";

const { Fragment } = React;

export function Machines() {
  const { value, error } = useLive(() => ask("machines.json"));
  return h(
    "main",
    { className: "sw" },
    h(Head, { title: "Machines", at: "Machines" }),
    error ? h("p", { className: "sw-banner sw-bad", role: "alert" }, error.message) : null,
    !value
      ? h("p", { className: "sw-note", role: "status" }, "Loading…")
      : value.told
        ? h(Told, value)
        : h(
            "p",
            { className: "sw-note" },
            "Everything runs on the master's own machine; no environment has an OpenStack project.",
          ),
  );
}

function Told({ told }) {
  const failures = Object.entries(told.failures);
  return h(
    Fragment,
    null,
    told.lacking.map((said) =>
      h("p", { key: said, className: "sw-banner sw-bad", role: "alert" }, said),
    ),
    told.machines.length
      ? h(Now, { machines: told.machines })
      : h("p", { className: "sw-note" }, "No machine is needed at the moment."),
    h("h2", null, "Since the master started"),
    h(
      "ul",
      null,
      h(
        "li",
        null,
        `${plural(told.ready, "machine")} got ready`,
        told.ready
          ? `: ${duration(told.boot_seconds / told.ready)} until ACTIVE and ${duration(told.attach_seconds / told.ready)} until the worker called, on average`
          : "",
      ),
      h(
        "li",
        null,
        failures.length
          ? `failures: ${failures.map(([cause, count]) => `${cause} ${count}`).join(", ")}`
          : "no failures",
      ),
      h(
        "li",
        null,
        `${told.removed} removed, ${told.swept} of them because nobody wanted them any more`,
        told.leaving ? `; ${told.leaving} on their way out` : "",
        told.deletes_failed ? `; a delete was refused ${told.deletes_failed} times` : "",
      ),
    ),
  );
}

function Now({ machines }) {
  return h(
    "table",
    { className: "sw-history" },
    h("caption", { className: "sr-only" }, plural(machines.length, "machine")),
    h(
      "thead",
      null,
      h(
        "tr",
        null,
        ["Machine", "Project", "Worker", "State", "For"].map((name) =>
          h("th", { key: name, scope: "col" }, name),
        ),
      ),
    ),
    h(
      "tbody",
      null,
      machines.map((one) =>
        h(
          "tr",
          { key: one.worker },
          h("td", { "data-label": "Machine" }, one.name),
          h("td", { "data-label": "Project" }, one.cloud),
          h("td", { "data-label": "Worker" }, one.worker),
          h("td", { "data-label": "State" }, one.state),
          h("td", { "data-label": "For" }, duration(one.seconds)),
        ),
      ),
    ),
  );
}
