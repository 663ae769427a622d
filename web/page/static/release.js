// Written by `make bundle` from web/page/source; change it there.
import {
  Deployments
} from "./shared-ZKFJWFC4.js";
import {
  FINISHED_BUILDS,
  Loading,
  Note,
  TableHead,
  View,
  formatDate,
  h,
  short,
  useAnswer
} from "./shared-LSL4QQPF.js";

// web/page/source/release.js
function Release() {
  const { digest = "" } = ReactRouterDOM.useParams();
  const { value, error } = useAnswer("release.json", { digest }, FINISHED_BUILDS);
  const problem = error ? h("p", { className: "sw-note", role: "alert" }, error.message) : h(Loading);
  return h(
    View,
    { title: `Release ${short(digest)}` },
    value && !error ? h(Details, value) : problem
  );
}
function Details({ provenance, deployments }) {
  return h(
    React.Fragment,
    null,
    h(Origin, { provenance }),
    h("h2", null, "Made from"),
    h(Materials, { provenance }),
    h("h2", null, "Patches, in order"),
    provenance.patches.length ? h(Patches, { provenance }) : h(Note, null, "none"),
    h("h2", null, "What happened to it"),
    deployments.length ? h(Deployments, { deployments, isOfSite: false }) : h(Note, null, "Never deployed.")
  );
}
function Origin({ provenance }) {
  const { build, component, digest, finished, materials, worker } = provenance;
  return h(
    "p",
    null,
    h("strong", null, component),
    ` ${materials[0]?.release ?? ""}, built `,
    h("a", { href: build }, formatDate(finished)),
    ` on ${worker}, signed by the master. SHA-256 of its tar: `,
    h("code", { className: "sw-whole" }, digest)
  );
}
function Materials({ provenance }) {
  const rows = provenance.materials.map(
    ({ commit, into, release, repository }) => h(
      "tr",
      { key: into + repository },
      h("td", { "data-label": "Path" }, into || "the tree itself"),
      h("td", { "data-label": "Repository" }, repository),
      h("td", { "data-label": "Release" }, release),
      h("td", { "data-label": "Commit" }, h("code", null, commit))
    )
  );
  return h(
    "table",
    { className: "sw-history" },
    h(TableHead, { columns: ["Path", "Repository", "Release", "Commit"] }),
    h("tbody", null, rows)
  );
}
function Patches({ provenance }) {
  const items = provenance.patches.map(
    ({ author, id, name, subject }) => h(
      "li",
      { key: name },
      `${subject} `,
      h("span", { className: "sw-who" }, `${author} · ${name} · ${short(id)}`)
    )
  );
  return h("ol", null, items);
}
export {
  Release
};
