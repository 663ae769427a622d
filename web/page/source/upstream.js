// Whether our changes fit what each component's upstream offers next.

/** @import { TrialRow, TrialView } from "../answers" */
/** @import { Target } from "./logic/trials.js" */

import {
  Ago,
  ErrorBanner,
  Loading,
  Note,
  TableHead,
  View,
  ViewLink,
  h,
  useNow,
} from "./elements.js";
import { FINISHED_BUILDS, useAnswer } from "./live.js";
import { TARGETS, noTrialReason, trialStatus } from "./logic/trials.js";

export function Upstream() {
  const { value, error } = useAnswer("trials.json", {}, FINISHED_BUILDS);
  const now = useNow(20_000);
  return h(
    View,
    { title: "Upstream", current: "Upstream" },
    h(
      Note,
      null,
      "Our patches, lint and tests are tried on upstream's releases every night and after each " +
        "new release tag. A trial deploys nothing.",
    ),
    h(ErrorBanner, { error }),
    value ? h(TrialTable, { rows: value, now }) : h(Loading),
  );
}

/** @param {{ rows: TrialRow[], now: number }} props */
function TrialTable({ rows, now }) {
  if (!rows.length) return h(Note, null, "No component of this site follows upstream's releases.");
  const columns = ["Component", ...TARGETS.map(({ name }) => name), "Tried"];
  const caption = "Our changes on upstream's releases, by component";
  return h(
    "table",
    { className: "sw-history sw-trials" },
    h(TableHead, { columns, caption }),
    h(
      "tbody",
      null,
      rows.map((row) => h(ComponentTrials, { key: row.component, row, now })),
    ),
  );
}

/** @param {{ row: TrialRow, now: number }} props */
function ComponentTrials({ row, now }) {
  const cells = TARGETS.map(({ target, name }) =>
    h("td", { key: target, "data-label": name }, h(TrialCell, { row, target })),
  );
  return h(
    "tr",
    null,
    h("th", { scope: "row" }, h(ViewLink, { to: row.link }, row.component)),
    cells,
    h("td", { "data-label": "Tried" }, row.when ? h(Ago, { when: row.when, now }) : null),
  );
}

/** @param {{ row: TrialRow, target: Target }} props */
function TrialCell({ row, target }) {
  const trial = row.trials.find((candidate) => candidate.target === target);
  const offer = target === "newest" ? row.offer : "";
  return h(
    React.Fragment,
    null,
    trial ? h(Trial, { trial }) : h(Note, null, noTrialReason(row, target)),
    offer ? h("p", { className: "sw-offer" }, offer) : null,
  );
}

/** @param {{ trial: TrialView }} props */
function Trial({ trial }) {
  const { commit, patches, state, verdict } = trialStatus(trial);
  const results = trial.patches.map(({ name, subject, words }) =>
    h("li", { key: name }, `${subject}: ${words}`),
  );
  return h(
    React.Fragment,
    null,
    h("span", { className: `sw-tag sw-${state}` }, verdict),
    " ",
    h("strong", null, trial.release),
    " ",
    h("code", { title: trial.commit }, commit),
    h(
      "details",
      { open: !trial.fits },
      h("summary", null, patches),
      h("ul", null, results, trial.failed ? h("li", null, h("strong", null, trial.failed)) : null),
    ),
  );
}
