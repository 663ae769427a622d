// Written by `make bundle` from web/page/source; change it there.
import {
  Button,
  DigestLink,
  ErrorBanner,
  FINISHED_BUILDS,
  Loading,
  Note,
  TableHead,
  View,
  ViewLink,
  duration,
  formatDate,
  h,
  plural,
  secondsBetween,
  useAnswer
} from "./shared-LSL4QQPF.js";

// web/page/source/logic/deployments.js
var ACTIONS = {
  approve: "approved",
  configure: "configured again",
  deploy: "deployed",
  freeze: "frozen",
  hold: "put on hold",
  "lift-hold": "hold lifted",
  promote: "promoted",
  "promote-all": "promoted everything",
  revert: "reverted everything",
  "roll-back": "rolled back",
  thaw: "freeze ended"
};
function deploymentStatus(deployment) {
  const { action, before, component, digest, finished, outcome, started } = deployment;
  return {
    action: ACTIONS[action] ?? action,
    /** The release that it replaced, if it replaced one by another. */
    replaced: before !== digest ? before : null,
    isWholeSite: component === "site",
    took: duration(secondsBetween(started, new Date(finished).getTime())),
    isWrong: ["failed", "refused"].includes(outcome)
  };
}

// web/page/source/history.js
function History() {
  const { component } = ReactRouterDOM.useParams();
  const title = component ? `History of ${component}` : "History";
  return h(
    View,
    { title, current: component ? void 0 : "History" },
    h(Pages, { key: component, component })
  );
}
function Pages({ component }) {
  const [trail, setTrail] = React.useState(
    /** @type {string[]} */
    []
  );
  const query = { ...component && { component }, ...trail.length && { older: trail.at(-1) } };
  const { value: page, error } = useAnswer("history.json", query, FINISHED_BUILDS);
  const older = page?.older;
  return h(
    React.Fragment,
    null,
    h(ErrorBanner, { error }),
    page ? h(Deployments, { deployments: page.deployments, isOfSite: !component }) : h(Loading),
    older || trail.length ? h(
      "nav",
      { className: "sw-pages", "aria-label": "Pages of the history" },
      h(Button, {
        label: "Newer",
        isDisabled: !trail.length,
        onClick: () => setTrail(trail.slice(0, -1))
      }),
      h("span", null, `page ${trail.length + 1}`),
      h(Button, {
        label: "Older",
        isDisabled: !older,
        onClick: () => older && setTrail([...trail, older])
      })
    ) : null
  );
}
function Deployments({ deployments, isOfSite }) {
  if (!deployments.length) return h(Note, null, "Nothing has been done yet.");
  const columns = [
    "When",
    ...isOfSite ? ["Component"] : [],
    ...["Environment", "What", "From → to", "Who and why", "Took", "Outcome"]
  ];
  const rows = deployments.map(
    (deployment) => h(DeploymentRow, { key: deployment.link, deployment, isOfSite })
  );
  return h(
    "table",
    { className: "sw-history" },
    h(TableHead, { columns, caption: `${plural(deployments.length, "entry")}, newest first` }),
    h("tbody", null, rows)
  );
}
function DeploymentRow({ deployment, isOfSite }) {
  const { configured, environment, finished, link, outcome, owner, reason, message } = deployment;
  const { action, isWrong, took } = deploymentStatus(deployment);
  return h(
    "tr",
    { "data-outcome": outcome },
    h("td", { "data-label": "When" }, h("time", { dateTime: finished }, formatDate(finished))),
    isOfSite ? h("td", { "data-label": "Component" }, h(ComponentLink, { deployment })) : null,
    h("td", { "data-label": "Environment" }, environment),
    h("td", { "data-label": "What" }, action),
    h(
      "td",
      { "data-label": "From → to" },
      h(ReleaseChange, { deployment }),
      configured ? h("div", { className: "sw-who" }, `new configuration: ${configured}`) : null
    ),
    h(
      "td",
      { "data-label": "Who and why" },
      reason ? `${owner}: ${reason}` : owner,
      h(Override, { deployment })
    ),
    h("td", { "data-label": "Took" }, took),
    h(
      "td",
      { "data-label": "Outcome" },
      h(ViewLink, { to: link, title: message }, outcome),
      isWrong ? h("div", { className: "sw-who" }, message) : null
    )
  );
}
function ComponentLink({ deployment }) {
  const { component } = deployment;
  if (deploymentStatus(deployment).isWholeSite) return "the whole site";
  return h(ViewLink, { to: `/releases/history/${component}` }, component);
}
function ReleaseChange({ deployment }) {
  const { digest, release } = deployment;
  const { replaced } = deploymentStatus(deployment);
  return h(
    React.Fragment,
    null,
    replaced ? h(DigestLink, { digest: replaced }) : null,
    replaced && digest ? " → " : null,
    digest ? h(DigestLink, { digest }) : null,
    digest && release ? ` ${release}` : null
  );
}
function Override({ deployment }) {
  const { freeze_override } = deployment;
  if (!freeze_override) return null;
  return h("div", { className: "sw-freeze" }, `❄ despite the freeze: ${freeze_override}`);
}

export {
  History,
  Deployments
};
