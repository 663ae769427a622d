// Everything that was done: of the whole site, or of one component.

import { ENDED, ask, useLive } from "./master.js";
import { Digest, Go, Head, duration, exactly, h, plural } from "./words.js";

const PAGE = 100;
const WORDS = {
  deploy: "deployed",
  promote: "promoted",
  "roll-back": "rolled back",
  hold: "put on hold",
  "release-hold": "hold released",
  approve: "approved",
  "promote-all": "promoted everything",
  return: "returned everything",
  freeze: "frozen",
  thaw: "freeze ended",
};

export function History() {
  const { component } = ReactRouterDOM.useParams();
  const [shown, setShown] = React.useState(PAGE);
  const load = () => ask("history.json", component ? { component } : {});
  const { value: done, error } = useLive(load, [component], ENDED);
  const title = component ? `History of ${component}` : "History";
  return h(
    "main",
    { className: "sw" },
    h(Head, { title, at: component ? "" : "History" }),
    error ? h("p", { className: "sw-banner sw-bad", role: "alert" }, error.message) : null,
    !done
      ? h("p", { className: "sw-note", role: "status" }, "Loading…")
      : !done.length
        ? h("p", { className: "sw-note" }, "Nothing has been done yet.")
        : h(Deployments, { done: done.slice(0, shown), named: !component }),
    done && done.length > shown
      ? h(
          "button",
          { type: "button", className: "sw-button", onClick: () => setShown(shown + PAGE) },
          `Show ${Math.min(PAGE, done.length - shown)} more of ${done.length}`,
        )
      : null,
  );
}

export function Deployments({ done, named }) {
  const head = [
    "When",
    ...(named ? ["Component"] : []),
    "Environment",
    "What",
    "From → to",
    "Who and why",
    "Took",
    "Outcome",
  ];
  return h(
    "table",
    { className: "sw-history" },
    h(
      "caption",
      { className: "sr-only" },
      `${plural(done.length, "entry").replace("entrys", "entries")}, newest first`,
    ),
    h(
      "thead",
      null,
      h(
        "tr",
        null,
        head.map((name) => h("th", { key: name, scope: "col" }, name)),
      ),
    ),
    h(
      "tbody",
      null,
      done.map((one) =>
        h(
          "tr",
          { key: one.link, "data-outcome": one.outcome },
          h(
            "td",
            { "data-label": "When" },
            h("time", { dateTime: one.finished }, exactly(one.finished)),
          ),
          named
            ? h(
                "td",
                { "data-label": "Component" },
                one.component === "site"
                  ? "the whole site"
                  : h(Go, { to: `/releases/history/${one.component}` }, one.component),
              )
            : null,
          h("td", { "data-label": "Environment" }, one.environment),
          h("td", { "data-label": "What" }, WORDS[one.action] ?? one.action),
          h(
            "td",
            { "data-label": "From → to" },
            one.before && one.before !== one.digest ? h(Digest, { digest: one.before }) : "",
            one.digest
              ? [
                  one.before && one.before !== one.digest ? " → " : "",
                  h(Digest, { key: "to", digest: one.digest }),
                  one.release ? ` ${one.release}` : "",
                ]
              : "",
          ),
          h(
            "td",
            { "data-label": "Who and why" },
            one.owner,
            one.reason ? `: ${one.reason}` : "",
            one.despite
              ? h("div", { className: "sw-freeze" }, `❄ despite the freeze: ${one.despite}`)
              : null,
          ),
          h(
            "td",
            { "data-label": "Took" },
            duration((new Date(one.finished) - new Date(one.started)) / 1000),
          ),
          h(
            "td",
            { "data-label": "Outcome" },
            h(Go, { to: one.link, title: one.said }, one.outcome),
            ["failed", "refused"].includes(one.outcome)
              ? h("div", { className: "sw-who" }, one.said)
              : null,
          ),
        ),
      ),
    ),
  );
}
