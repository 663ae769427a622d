// What changes from one release to another, in words.

/** @import { FileChange, Difference, Release, SourceChange } from "../../answers" */

import { plural, short, size } from "./words.js";

/** The longest reason that the master accepts, in characters. */
export const LONGEST_REASON = 200;

/** @param {SourceChange} source */
export function differs({ before, after }) {
  return before?.commit !== after?.commit;
}

/** @param {SourceChange} source */
function movement({ into, before, after }) {
  const [from, to] = [before, after].map((end) => (end ? short(end.commit, 8) : "nothing"));
  return `${into || "upstream"} ${from} → ${to}`;
}

/**
 * A reason that nobody needs to type: the sources that change, else what is promoted.
 *
 * @param {Release} release
 * @param {Difference | null} difference
 */
export function proposedReason(release, difference) {
  const sources = difference ? [difference.upstream, ...difference.overlays] : [];
  const movements = sources.filter(differs).map(movement);
  const otherwise = `${release.upstream} with ${plural(release.patches ?? 0, "patch")}`;
  return (movements.join(", ") || otherwise).slice(0, LONGEST_REASON);
}

/**
 * Every patch that differs, with the kind of its change.
 *
 * @param {Difference} difference
 */
export function patchChanges({ patches_added, patches_changed, patches_removed }) {
  return [
    ...patches_added.map((patch) => ({ kind: "added", patch })),
    ...patches_changed.map((patch) => ({ kind: "changed", patch })),
    ...patches_removed.map((patch) => ({ kind: "removed", patch })),
  ];
}

/**
 * Each kind of change that files have undergone.
 *
 * @param {Difference} difference
 */
export function fileChanges({ added, changed, removed }) {
  const kinds = [
    { kind: "added", files: added },
    { kind: "changed", files: changed },
    { kind: "removed", files: removed },
  ];
  return kinds.filter(({ files }) => files.count);
}

/** @param {FileChange} file */
export function fileSizes({ before, after }) {
  if (before === null || after === null || before === after) return size(after ?? before ?? 0);
  return `${size(before)} → ${size(after)}`;
}
