// Written by `make declarations` from the models in Python; do not edit.

/**
 * What the master answers, by name.
 */
export interface Answers {
  "board.json": Board;
  "history.json": Deployment[];
  "difference.json": Difference;
  "release.json": Pedigree;
  "figures.json": Figure[];
  "machines.json": MachinesAnswer;
}
/**
 * The whole site at one moment.
 */
export interface Board {
  title: string;
  now: string;
  releasers: string[];
  columns: Column[];
  rows: Row[];
}
/**
 * One environment.
 */
export interface Column {
  name: string;
  promotes_from: string | null;
  freeze: Freeze | null;
  /**
   * Whether a releaser froze it, and may end that.
   */
  by_hand: boolean;
  two_person: boolean;
  running: Running | null;
  /**
   * A promotion of everything that stopped half-way and can be returned.
   */
  stopped: Outcome | null;
  stopped_number: string;
}
/**
 * Nothing is promoted for the time being.
 */
export interface Freeze {
  reason: string;
  /**
   * Who froze; `site.toml` for a window that stands there.
   */
  owner: string;
  /**
   * When it ends by itself; somebody must end it when absent.
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
  said: string;
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
  said: string;
  link: string;
  when: string;
}
/**
 * One component.
 */
export interface Row {
  component: string;
  title: string;
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
  against: string;
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
  back: string;
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
}
/**
 * How a live release answered last.
 */
export interface Health {
  well: boolean;
  said: string;
  when: string;
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
   * The upstream's release of that digest, as far as the build knew it.
   */
  release: string;
  made_live: boolean;
  /**
   * `done`, `refused`, `failed`, `nothing moved`, `stopped`, `repeated`.
   */
  outcome: string;
  said: string;
  owner: string;
  reason: string;
  /**
   * Why a freeze did not stop it.
   */
  despite: string;
  requested: string;
  started: string;
  finished: string;
}
/**
 * From what is live to what would be.
 */
export interface Difference {
  before: string | null;
  after: string;
  upstream: Source;
  /**
   * Overlays, submodules and forks that differ.
   */
  overlays: Source[];
  patches_added: Patch[];
  patches_removed: Patch[];
  patches_changed: Patch[];
  /**
   * How many there are afterwards.
   */
  patches: number;
  configuration: Text[];
  /**
   * Commands that run before the switch.
   */
  migrations: string[];
  added: Files;
  changed: Files;
  removed: Files;
}
/**
 * A repository at two commits; one is absent when it came or went.
 */
export interface Source {
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
   * The tag or the branch that was followed; else what else names the commit.
   */
  release: string;
  commit: string;
  /**
   * Where it was laid in the tree; empty for the upstream.
   */
  into: string;
  /**
   * Of a fork: the commit that its first change stands on, which is not part of the release.
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
export interface Text {
  name: string;
  difference: string;
}
/**
 * Files of one kind of change.
 */
export interface Files {
  count: number;
  /**
   * How much larger they make the release; negative when they make it smaller.
   */
  bytes: number;
  first: Changed[];
}
/**
 * A file in both releases, or in one of them.
 */
export interface Changed {
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
export interface Pedigree {
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
   * The upstream first, then forks, submodules and overlays as they were laid.
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
  told: MachineReport | null;
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
  lacking: string[];
  machines: MachineStatus[];
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
export interface MachineStatus {
  name: string;
  cloud: string;
  worker: string;
  state: string;
  /**
   * How long ago it was requested.
   */
  seconds: number;
}
