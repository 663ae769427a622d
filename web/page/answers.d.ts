// Written by `make declarations` from the models; do not edit.

/**
 * What a trial applies the series to.
 */
export type Target = "pinned" | "newest" | "main";
/**
 * The result of one patch.
 */
export type Verdict = "applies" | "moved" | "upstream" | "merges" | "conflicts";

/**
 * What the master answers, by name.
 */
export interface Answers {
  "board.json": Board;
  "history.json": HistoryPage;
  "difference.json": Difference;
  "release.json": ReleaseDetails;
  "figures.json": Figure[];
  "machines.json": MachinesAnswer;
  "store.json": StoreReport;
  "trials.json": TrialRow[];
}
/**
 * The whole site at one moment.
 */
export interface Board {
  title: string;
  now: string;
  releasers: string[];
  /**
   * By action, the name of the force scheduler; those of an environment are in its column.
   */
  buttons: {
    [k: string]: string;
  };
  columns: Column[];
  rows: Row[];
  /**
   * What is wrong with the master's disks, in sentences.
   */
  disk_warnings: string[];
}
/**
 * One environment.
 */
export interface Column {
  name: string;
  /**
   * By action, the name of the force scheduler that starts it.
   */
  buttons: {
    [k: string]: string;
  };
  /**
   * What the buttons that concern all components are pressed for.
   */
  builder_id: number | null;
  promotes_from: string | null;
  freeze: Freeze | null;
  /**
   * Whether a releaser froze it, and may end that.
   */
  manual: boolean;
  two_person: boolean;
  running: Running | null;
  /**
   * A promotion of everything that stopped half-way and can be returned.
   */
  interrupted: Outcome | null;
  interrupted_build: string;
}
/**
 * No promotions for the time being.
 */
export interface Freeze {
  reason: string;
  /**
   * Who began it; `site.toml` for a window in that file.
   */
  owner: string;
  /**
   * When it ends; None: when a releaser ends it.
   */
  until: string | null;
}
/**
 * A build that runs: which step, and for how long.
 */
export interface Running {
  link: string;
  action: string;
  owner: string;
  /**
   * The step that runs now; empty while it waits for a worker or a lock.
   */
  step: string;
  message: string;
  /**
   * Steps that are complete.
   */
  done: number;
  worker: string;
  started: string;
  /**
   * How long such a build takes: the median of the last ones; None for the first.
   */
  seconds: number | null;
}
/**
 * A sentence about a build, with its page.
 */
export interface Outcome {
  message: string;
  link: string;
  when: string;
}
/**
 * One component.
 */
export interface Row {
  component: string;
  title: string;
  /**
   * What `build` is pressed for.
   */
  builder_id: number | null;
  building: Running | null;
  /**
   * Why it cannot be built.
   */
  problem: Outcome | null;
  cells: Cell[];
}
/**
 * One component in one environment.
 */
export interface Cell {
  environment: string;
  /**
   * What a button of the environment is pressed for; None while the master knows no builder.
   */
  builder_id: number | null;
  url: string;
  live: Release | null;
  hold: Outcome | null;
  /**
   * What a promotion would bring.
   */
  waiting: Release | null;
  /**
   * What stands against promoting it, in words.
   */
  blocked_by: string;
  /**
   * Who approved what waits.
   */
  approvals: string[];
  /**
   * What a rollback may return to: releases that were live here, newest first.
   */
  earlier: Release[];
  /**
   * The digest of the one of them that was live before what is live came; empty for none.
   */
  previous: string;
  /**
   * The last thing that was tried here, if it went wrong.
   */
  failed: Outcome | null;
  running: Running | null;
  queued: number;
  health: Health | null;
}
/**
 * A release as the board names it.
 */
export interface Release {
  digest: string;
  /**
   * The upstream's release; empty when the store has forgotten it.
   */
  upstream: string;
  patches: number | null;
  since: string;
  owner: string;
  reason: string;
  link: string;
  /**
   * What a rollback to it asks for: its digest, or `<digest>-<number>` for another configuration
   * of the live release.
   */
  instance: string;
  /**
   * What its migration does to the database; empty without one.
   */
  migration: string;
  /**
   * How migrations have changed the database since it was live; empty if they have not.
   */
  migrated_since: string;
}
/**
 * How a live release answered last.
 */
export interface Health {
  /**
   * None: it is not known now.
   */
  healthy: boolean | null;
  /**
   * The answer in words, or why it is not known.
   */
  message: string;
  /**
   * When it was known last; None for never.
   */
  when: string | null;
}
/**
 * Some deployments, the last one first.
 */
export interface HistoryPage {
  deployments: Deployment[];
  /**
   * The parameter `older` of the next page; None for the last one.
   */
  older: string | null;
}
/**
 * One complete build that moved a release, was to move one, or noted something about one.
 */
export interface Deployment {
  build: number;
  link: string;
  /**
   * `site` for what concerns all of them.
   */
  component: string;
  environment: string;
  /**
   * An `Action`; of what concerns all components, a `SiteAction`.
   */
  action: string;
  /**
   * The digest that was live before.
   */
  before: string | null;
  /**
   * The one that it was about.
   */
  digest: string | null;
  /**
   * The rendered files of a new configuration of the release that was live before.
   */
  configured: string;
  /**
   * The upstream's release of that digest, as far as the build knew it.
   */
  release: string;
  made_live: boolean;
  /**
   * `done`, `refused`, `failed`, `nothing moved`, `stopped`, `repeated`.
   */
  outcome: string;
  message: string;
  owner: string;
  reason: string;
  /**
   * Why a freeze did not stop it.
   */
  freeze_override: string;
  requested: string;
  started: string;
  finished: string;
}
/**
 * What changes from the live release to another one.
 */
export interface Difference {
  before: string | null;
  after: string;
  upstream: SourceChange;
  /**
   * Overlays, submodules and forks that differ.
   */
  overlays: SourceChange[];
  patches_added: Patch[];
  patches_removed: Patch[];
  patches_changed: Patch[];
  /**
   * The number of patches afterwards.
   */
  patches: number;
  configuration: TextChange[];
  /**
   * Commands that run before the switch.
   */
  migrations: string[];
  added: FileChanges;
  changed: FileChanges;
  removed: FileChanges;
}
/**
 * A repository at two commits; one is absent when the repository was added or removed.
 */
export interface SourceChange {
  into: string;
  repository: string;
  before: Material | null;
  after: Material | null;
  /**
   * A page that shows the commits between them.
   */
  compare: string;
}
/**
 * A repository that a release was made from.
 */
export interface Material {
  repository: string;
  /**
   * The tag or the branch that was followed, `submodule`, or the short id of a pinned commit.
   */
  release: string;
  commit: string;
  /**
   * Its path in the tree; empty for the upstream.
   */
  into: string;
  /**
   * Of a fork: the commit below our first one; it is not part of the release.
   */
  base: string;
}
/**
 * One patch of ours on top of the upstream.
 */
export interface Patch {
  name: string;
  /**
   * `git patch-id --stable`.
   */
  id: string;
  subject: string;
  author: string;
}
/**
 * A template or the description of how to run the release, as a unified diff.
 */
export interface TextChange {
  name: string;
  difference: string;
}
/**
 * The files of an artifact that were added, changed or removed.
 */
export interface FileChanges {
  count: number;
  /**
   * How much larger they make the release; negative when they make it smaller.
   */
  bytes: number;
  first: FileChange[];
}
/**
 * A file in both releases, or in one of them.
 */
export interface FileChange {
  path: string;
  /**
   * Bytes.
   */
  before: number | null;
  after: number | null;
}
/**
 * One release: what it was made from, and everything that happened to it.
 */
export interface ReleaseDetails {
  provenance: Provenance;
  stored: boolean;
  deployments: Deployment[];
}
/**
 * What one release was made from, and by which build.
 */
export interface Provenance {
  component: string;
  digest: string;
  /**
   * The upstream first, then forks, submodules and overlays in the order of the build.
   */
  materials: Material[];
  patches: Patch[];
  /**
   * The build's address in the Buildbot UI.
   */
  build: string;
  worker: string;
  finished: string;
}
/**
 * One curve.
 */
export interface Figure {
  name: string;
  environment: string;
  meaning: string;
  points: Point[];
}
/**
 * One figure of one week.
 */
export interface Point {
  /**
   * Its Monday.
   */
  week: string;
  /**
   * None when there was nothing to measure.
   */
  value: number | null;
}
/**
 * What machines.json answers; without a report when no environment has a project.
 */
export interface MachinesAnswer {
  report: MachineReport | null;
}
/**
 * Machines that exist now, and what happened since the master started.
 */
export interface MachineReport {
  ready: number;
  /**
   * Of all machines that became ready, together.
   */
  boot_seconds: number;
  /**
   * From there until the worker was connected, of all machines together.
   */
  attach_seconds: number;
  /**
   * By cause.
   */
  failures: {
    [k: string]: number;
  };
  removed: number;
  /**
   * Of those removed, how many had no owner any more.
   */
  swept: number;
  deletes_failed: number;
  /**
   * What the environments' files name and their projects do not have.
   */
  missing: string[];
  machines: MachineRow[];
  /**
   * Machines that are being deleted.
   */
  leaving: number;
  /**
   * Requests to OpenStack, by project and by name.
   */
  calls: {
    [k: string]: {
      [k: string]: number;
    };
  };
}
/**
 * A machine that a worker has or waits for.
 */
export interface MachineRow {
  name: string;
  cloud: string;
  worker: string;
  state: string;
  /**
   * How long ago it was requested.
   */
  seconds: number;
}
/**
 * The artifacts on the master's disk, and the button that removes what is not kept.
 */
export interface StoreReport {
  artifacts: number;
  size: number;
  oldest: string | null;
  free: number;
  disk: number;
  warning: string;
  kept: string;
  removed: string;
  removed_at: string | null;
  removal_failed: boolean;
  link: string;
  releasers: string[];
  button: string;
  builder_id: number | null;
}
/**
 * One component whose upstream has releases.
 */
export interface TrialRow {
  component: string;
  title: string;
  /**
   * The build that tried it last, or its builder.
   */
  link: string;
  /**
   * When that was; None before the first trial.
   */
  when: string | null;
  trials: TrialView[];
  /**
   * Why nothing could be tried; empty when something was.
   */
  unknown: string;
  /**
   * How the change to the newest release can be had, if it fits.
   */
  offer: string;
}
/**
 * Our changes on one commit of the upstream.
 */
export interface TrialView {
  target: Target;
  /**
   * Tag or branch.
   */
  release: string;
  commit: string;
  fits: boolean;
  /**
   * The result in one line.
   */
  words: string;
  patches: PatchView[];
  /**
   * The first step that failed after the patches, with its sentence; empty for none.
   */
  failed: string;
}
/**
 * What became of one patch on one target.
 */
export interface PatchView {
  name: string;
  subject: string;
  author: string;
  verdict: Verdict;
  /**
   * The verdict in words, with its details.
   */
  words: string;
}
