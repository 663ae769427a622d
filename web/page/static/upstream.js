// Written by `make bundle` from web/page/source; change it there.
import {
  Ago,
  ErrorBanner,
  FINISHED_BUILDS,
  Loading,
  Note,
  TableHead,
  View,
  ViewLink,
  h,
  plural,
  short,
  useAnswer,
  useNow
} from "./shared-LSL4QQPF.js";

// web/page/source/logic/trials.js
var TARGETS = [
  { target: "pinned", name: "Pinned release" },
  { target: "newest", name: "Newest release" },
  { target: "main", name: "Main branch" }
];
function trialStatus({ target, fits, commit, patches }) {
  return {
    state: fits ? "good" : target === "main" ? "warn" : "bad",
    verdict: fits ? "fits" : "does not fit",
    commit: short(commit),
    patches: plural(patches.length, "patch")
  };
}
function noTrialReason(row, target) {
  if (row.unknown) return row.unknown;
  if (!row.trials.length) return "not tried yet";
  return target === "newest" ? "no newer release" : "";
}

// web/page/source/upstream.js
function Upstream() {
  const { value, error } = useAnswer("trials.json", {}, FINISHED_BUILDS);
  const now = useNow(2e4);
  return h(
    View,
    { title: "Upstream", current: "Upstream" },
    h(
      Note,
      null,
      "Our patches, lint and tests are tried on upstream's releases every night and after each new release tag. A trial deploys nothing."
    ),
    h(ErrorBanner, { error }),
    value ? h(TrialTable, { rows: value, now }) : h(Loading)
  );
}
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
      rows.map((row) => h(ComponentTrials, { key: row.component, row, now }))
    )
  );
}
function ComponentTrials({ row, now }) {
  const cells = TARGETS.map(
    ({ target, name }) => h("td", { key: target, "data-label": name }, h(TrialCell, { row, target }))
  );
  return h(
    "tr",
    null,
    h("th", { scope: "row" }, h(ViewLink, { to: row.link }, row.component)),
    cells,
    h("td", { "data-label": "Tried" }, row.when ? h(Ago, { when: row.when, now }) : null)
  );
}
function TrialCell({ row, target }) {
  const trial = row.trials.find((candidate) => candidate.target === target);
  const offer = target === "newest" ? row.offer : "";
  return h(
    React.Fragment,
    null,
    trial ? h(Trial, { trial }) : h(Note, null, noTrialReason(row, target)),
    offer ? h("p", { className: "sw-offer" }, offer) : null
  );
}
function Trial({ trial }) {
  const { commit, patches, state, verdict } = trialStatus(trial);
  const results = trial.patches.map(
    ({ name, subject, words }) => h("li", { key: name }, `${subject}: ${words}`)
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
      h("ul", null, results, trial.failed ? h("li", null, h("strong", null, trial.failed)) : null)
    )
  );
}
export {
  Upstream
};
