// One release for ever: what it was made from, and everything that happened to it.

import { ENDED, ask, useLive } from "./master.js";
import { Deployments } from "./history.js";
import { Head, exactly, h, short } from "./words.js";

export function Release() {
  const { digest } = ReactRouterDOM.useParams();
  const { value, error } = useLive(() => ask("release.json", { digest }), [digest], ENDED);
  const title = `Release ${short(digest)}`;
  if (!value || error) {
    return h(
      "main",
      { className: "sw" },
      h(Head, { title, at: "" }),
      h(
        "p",
        { className: "sw-note", role: error ? "alert" : "status" },
        error ? error.message : "Loading…",
      ),
    );
  }
  const { provenance, deployments } = value;
  return h(
    "main",
    { className: "sw" },
    h(Head, { title, at: "" }),
    h(
      "p",
      null,
      h("strong", null, provenance.component),
      ` ${provenance.materials[0].release}, built `,
      h("a", { href: provenance.build }, exactly(provenance.finished)),
      ` on ${provenance.worker}, signed by the master. SHA-256 of its tar: `,
      h("code", { className: "sw-whole" }, digest),
    ),
    h("h2", null, "Made from"),
    h(
      "table",
      { className: "sw-history" },
      h(
        "thead",
        null,
        h(
          "tr",
          null,
          ["Path", "Repository", "Release", "Commit"].map((name) =>
            h("th", { key: name, scope: "col" }, name),
          ),
        ),
      ),
      h(
        "tbody",
        null,
        provenance.materials.map((material) =>
          h(
            "tr",
            { key: material.into + material.repository },
            h("td", { "data-label": "Path" }, material.into || "the tree itself"),
            h("td", { "data-label": "Repository" }, material.repository),
            h("td", { "data-label": "Release" }, material.release),
            h("td", { "data-label": "Commit" }, h("code", null, material.commit)),
          ),
        ),
      ),
    ),
    h("h2", null, "Patches, in order"),
    provenance.patches.length
      ? h(
          "ol",
          null,
          provenance.patches.map((patch) =>
            h(
              "li",
              { key: patch.name },
              patch.subject,
              " ",
              h(
                "span",
                { className: "sw-who" },
                `${patch.author} · ${patch.name} · ${patch.id.slice(0, 12)}`,
              ),
            ),
          ),
        )
      : h("p", { className: "sw-note" }, "none"),
    h("h2", null, "What happened to it"),
    deployments.length
      ? h(Deployments, { done: deployments, named: false })
      : h("p", { className: "sw-note" }, "Nothing yet: it was never to be live anywhere."),
  );
}
