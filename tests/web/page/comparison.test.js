import assert from "node:assert/strict";
import test from "node:test";

import {
  fileChanges,
  fileSizes,
  patchChanges,
  proposedReason,
} from "../../../web/page/source/logic/comparison.js";
import { release } from "./samples.js";

/** @import { Difference, SourceChange } from "../../../web/page/answers" */

/**
 * @param {string} into
 * @param {string | null} before
 * @param {string | null} after
 * @returns {SourceChange}
 */
function source(into, before, after) {
  /** @param {string | null} commit */
  const material = (commit) =>
    commit ? { repository: "https://a.example/b.git", release: "1", commit, into, base: "" } : null;
  return {
    into,
    repository: "https://a.example/b.git",
    before: material(before),
    after: material(after),
    compare: "",
  };
}

const [OLD, NEW] = ["1".repeat(40), "2".repeat(40)];
const NO_FILES = { count: 0, bytes: 0, first: [] };

/**
 * @param {Partial<Difference>} changes
 * @returns {Difference}
 */
function difference(changes) {
  return {
    before: "a".repeat(64),
    after: "c".repeat(64),
    upstream: source("", OLD, OLD),
    overlays: [],
    patches_added: [],
    patches_removed: [],
    patches_changed: [],
    patches: 0,
    configuration: [],
    migrations: [],
    added: NO_FILES,
    changed: NO_FILES,
    removed: NO_FILES,
    ...changes,
  };
}

test("the proposed reason names each source that moves, from commit to commit", () => {
  const moved = difference({
    upstream: source("", OLD, NEW),
    overlays: [source("themes/ours", null, NEW), source("themes/old", OLD, null)],
  });
  assert.equal(
    proposedReason(release(), moved),
    "upstream 11111111 → 22222222, themes/ours nothing → 22222222, themes/old 11111111 → nothing",
  );
});

test("the proposed reason is what is promoted when no source moves or nobody knows yet", () => {
  assert.equal(proposedReason(release(), difference({})), "6.1 with 2 patches");
  assert.equal(proposedReason(release({ patches: null }), null), "6.1 with 0 patches");
});

test("the proposed reason is no longer than the master accepts", () => {
  const overlays = Array.from({ length: 20 }, (_, n) => source(`overlay-${n}`, OLD, NEW));
  assert.equal(proposedReason(release(), difference({ overlays })).length, 200);
});

test("each patch that differs has the kind of its change", () => {
  const [added, changed, removed] = ["a", "b", "c"].map((name) => ({
    name,
    id: name,
    subject: name,
    author: "ana",
  }));
  assert.ok(added && changed && removed);
  const changes = patchChanges(
    difference({ patches_added: [added], patches_changed: [changed], patches_removed: [removed] }),
  );
  assert.deepEqual(
    changes.map(({ kind, patch }) => `${kind} ${patch.name}`),
    ["added a", "changed b", "removed c"],
  );
});

test("only kinds of change that files have undergone are listed", () => {
  const changed = { count: 1, bytes: 5, first: [{ path: "x", before: 1, after: 6 }] };
  assert.deepEqual(fileChanges(difference({})), []);
  assert.deepEqual(fileChanges(difference({ changed })), [{ kind: "changed", files: changed }]);
});

test("a file has one size unless it changed, also when it is empty", () => {
  assert.equal(fileSizes({ path: "x", before: null, after: 0 }), "0 B");
  assert.equal(fileSizes({ path: "x", before: 1500, after: null }), "1.5 kB");
  assert.equal(fileSizes({ path: "x", before: 7, after: 7 }), "7 B");
  assert.equal(fileSizes({ path: "x", before: 0, after: 7 }), "0 B → 7 B");
});
