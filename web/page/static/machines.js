// Written by `make bundle` from web/page/source; change it there.
import {
  Banner,
  ErrorBanner,
  Loading,
  Note,
  TableHead,
  View,
  duration,
  h,
  plural,
  useAnswer
} from "./shared-LSL4QQPF.js";

// web/page/source/logic/report.js
function readySentence({ ready, boot_seconds, attach_seconds }) {
  const count = `${plural(ready, "machine")} got ready`;
  if (!ready) return count;
  const [boot, attach] = [boot_seconds, attach_seconds].map((sum) => duration(sum / ready));
  return `${count}: ${boot} until ACTIVE and ${attach} until the worker called, on average`;
}
function failureSentence({ failures }) {
  const causes = Object.entries(failures).map(([cause, count]) => `${cause} ${count}`);
  return causes.length ? `failures: ${causes.join(", ")}` : "no failures";
}
function removalSentence({ removed, swept, leaving, deletes_failed }) {
  const parts = [`${removed} removed, ${swept} of them because nobody wanted them any more`];
  if (leaving) parts.push(`${leaving} on their way out`);
  if (deletes_failed) parts.push(`a delete was refused ${deletes_failed} times`);
  return parts.join("; ");
}

// web/page/source/machines.js
function Machines() {
  const { value, error } = useAnswer("machines.json");
  return h(
    View,
    { title: "Machines", current: "Machines" },
    h(ErrorBanner, { error }),
    value ? h(Report, { report: value.report }) : h(Loading)
  );
}
function Report({ report }) {
  if (!report) {
    return h(
      Note,
      null,
      "Everything runs on the master's own machine; no environment has an OpenStack project."
    );
  }
  return h(
    React.Fragment,
    null,
    report.missing.map(
      (sentence) => h(Banner, { key: sentence, state: "bad", role: "alert" }, sentence)
    ),
    report.machines.length ? h(MachineTable, { machines: report.machines }) : h(Note, null, "No machine is needed at the moment."),
    h("h2", null, "Since the master started"),
    h(
      "ul",
      null,
      h("li", null, readySentence(report)),
      h("li", null, failureSentence(report)),
      h("li", null, removalSentence(report))
    )
  );
}
function MachineTable({ machines }) {
  const rows = machines.map(
    ({ cloud, name, seconds, state, worker }) => h(
      "tr",
      { key: worker },
      h("td", { "data-label": "Machine" }, name),
      h("td", { "data-label": "Project" }, cloud),
      h("td", { "data-label": "Worker" }, worker),
      h("td", { "data-label": "State" }, state),
      h("td", { "data-label": "For" }, duration(seconds))
    )
  );
  const columns = ["Machine", "Project", "Worker", "State", "For"];
  return h(
    "table",
    { className: "sw-history" },
    h(TableHead, { columns, caption: plural(machines.length, "machine") }),
    h("tbody", null, rows)
  );
}
export {
  Machines
};
