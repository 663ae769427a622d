// The machines that exist for builds and deployments now, and what happened to those before.

/** @import { MachineRow, MachineReport } from "../answers" */

import { Banner, ErrorBanner, Loading, Note, TableHead, View, h } from "./elements.js";
import { useAnswer } from "./live.js";
import { failureSentence, readySentence, removalSentence } from "./logic/report.js";
import { duration, plural } from "./logic/words.js";

export function Machines() {
  const { value, error } = useAnswer("machines.json");
  return h(
    View,
    { title: "Machines", current: "Machines" },
    h(ErrorBanner, { error }),
    value ? h(Report, { report: value.report }) : h(Loading),
  );
}

/** @param {{ report: MachineReport | null }} props */
function Report({ report }) {
  if (!report) {
    return h(
      Note,
      null,
      "Everything runs on the master's own machine; no environment has an OpenStack project.",
    );
  }
  return h(
    React.Fragment,
    null,
    report.missing.map((sentence) =>
      h(Banner, { key: sentence, state: "bad", role: "alert" }, sentence),
    ),
    report.machines.length
      ? h(MachineTable, { machines: report.machines })
      : h(Note, null, "No machine is needed at the moment."),
    h("h2", null, "Since the master started"),
    h(
      "ul",
      null,
      h("li", null, readySentence(report)),
      h("li", null, failureSentence(report)),
      h("li", null, removalSentence(report)),
    ),
  );
}

/** @param {{ machines: MachineRow[] }} props */
function MachineTable({ machines }) {
  const rows = machines.map(({ cloud, name, seconds, state, worker }) =>
    h(
      "tr",
      { key: worker },
      h("td", { "data-label": "Machine" }, name),
      h("td", { "data-label": "Project" }, cloud),
      h("td", { "data-label": "Worker" }, worker),
      h("td", { "data-label": "State" }, state),
      h("td", { "data-label": "For" }, duration(seconds)),
    ),
  );
  const columns = ["Machine", "Project", "Worker", "State", "For"];
  return h(
    "table",
    { className: "sw-history" },
    h(TableHead, { columns, caption: plural(machines.length, "machine") }),
    h("tbody", null, rows),
  );
}
