// What would change, from the most important to the last file.

/** @import { ReactNode } from "react" */
/** @import { FileChange, Difference, Material, SourceChange as SourceChange } from "../answers" */
/** @typedef {{ difference: Difference | null, error: Error | null }} Comparison */

import { Banner, h } from "./elements.js";
import { differs, fileChanges, fileSizes, patchChanges } from "./logic/comparison.js";
import { growth, plural, short } from "./logic/words.js";
import { fetchAnswer } from "./master.js";

const { Fragment, useEffect, useState } = React;

/** @type {Comparison} */
const LOADING = { difference: null, error: null };

/**
 * Compare two releases; there is no difference and no error until the master has answered.
 *
 * @param {string | undefined} before undefined when nothing is live
 * @param {string} after
 * @param {boolean} isRollBack
 */
export function useComparison(before, after, isRollBack) {
  const [comparison, setComparison] = useState(LOADING);
  useEffect(() => {
    let isOver = false;
    setComparison(LOADING);
    /** @type {Record<string, string>} */
    const query = { from: before ?? "", to: after };
    if (isRollBack) query.backwards = "yes";
    fetchAnswer("difference.json", query).then(
      (difference) => isOver || setComparison({ difference, error: null }),
      (error) => isOver || setComparison({ difference: null, error }),
    );
    return () => void (isOver = true);
  }, [before, after, isRollBack]);
  return comparison;
}

/** @param {{ comparison: Comparison, environment: string }} props */
export function Changes({ comparison, environment }) {
  const { difference, error } = comparison;
  if (error) return h(Banner, { state: "warn" }, `What changes is not known: ${error.message}`);
  if (!difference) {
    return h("p", { className: "sw-note", role: "status" }, "Comparing the two releases…");
  }
  const { configuration, overlays, upstream } = difference;
  return h(
    "section",
    { className: "sw-changes", "aria-label": `What changes in ${environment}`, tabIndex: 0 },
    h(
      "dl",
      null,
      h(Part, { title: "Upstream" }, h(SourceChange, { source: upstream })),
      h(Part, { title: "Patches" }, h(Patches, { difference })),
      overlays.length ? h(Part, { title: "Overlays" }, h(Sources, { sources: overlays })) : null,
      configuration.length
        ? h(Part, { title: "Configuration" }, h(Configuration, { difference }))
        : null,
      h(Part, { title: "Migrations" }, h(Migrations, { difference })),
      h(Part, { title: "Files" }, h(FileChanges, { difference })),
    ),
  );
}

/** @param {{ title: string, children?: ReactNode }} props */
function Part({ title, children }) {
  return h(Fragment, null, h("dt", null, title), h("dd", null, children));
}

/** @param {{ source: SourceChange }} props */
function SourceChange({ source }) {
  const { before, after, compare, into } = source;
  const path = into ? `${into}: ` : "";
  if (!differs(source)) return h("span", null, path, h(Commit, { material: after }), ", unchanged");
  return h(
    "span",
    null,
    path,
    h(Commit, { material: before }),
    " → ",
    h(Commit, { material: after }),
    " ",
    compare ? h("a", { href: compare, rel: "noreferrer" }, "commits") : null,
  );
}

/** @param {{ material: Material | null }} props */
function Commit({ material }) {
  if (!material) return "nothing";
  const { commit, release } = material;
  return h(Fragment, null, release, " ", h("code", { title: commit }, short(commit, 8)));
}

/** @param {{ sources: SourceChange[] }} props */
function Sources({ sources }) {
  const items = sources.map((source) =>
    h("li", { key: source.into + source.repository }, h(SourceChange, { source })),
  );
  return h("ul", null, items);
}

/** @param {{ difference: Difference }} props */
function Patches({ difference }) {
  const changes = patchChanges(difference);
  if (!changes.length) {
    return difference.patches ? `${plural(difference.patches, "patch")}, unchanged` : "none";
  }
  const items = changes.map(({ kind, patch }) =>
    h(
      "li",
      { key: kind + patch.name },
      h("span", { className: `sw-kind sw-${kind}` }, kind),
      ` ${patch.subject} `,
      h("span", { className: "sw-who" }, patch.author),
    ),
  );
  return h("ul", null, items);
}

/** @param {{ difference: Difference }} props */
function Configuration({ difference }) {
  const files = difference.configuration.map((file) =>
    h(
      "details",
      { key: file.name },
      h("summary", null, file.name),
      h("pre", null, file.difference),
    ),
  );
  return h(Fragment, null, files);
}

/** @param {{ difference: Difference }} props */
function Migrations({ difference }) {
  const { migrations } = difference;
  if (!migrations.length) return "none";
  const commands = migrations.map((command) => h("li", { key: command }, h("code", null, command)));
  return h("ul", null, commands);
}

/** @param {{ difference: Difference }} props */
function FileChanges({ difference }) {
  const changes = fileChanges(difference);
  if (!changes.length) return "the same files";
  const kinds = changes.map(({ kind, files }) =>
    h(
      "details",
      { key: kind },
      h("summary", null, `${plural(files.count, "file")} ${kind}, ${growth(files.bytes)}`),
      h(FileList, { files: files.first, count: files.count }),
    ),
  );
  return h(Fragment, null, kinds);
}

/** @param {{ files: FileChange[], count: number }} props */
function FileList({ files, count }) {
  const items = files.map((file) =>
    h("li", { key: file.path }, h("code", null, file.path), ` ${fileSizes(file)}`),
  );
  const rest = count - files.length;
  return h("ul", { className: "sw-files" }, items, rest ? h("li", null, `and ${rest} more`) : null);
}
