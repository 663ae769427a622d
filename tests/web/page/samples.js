// Answers of the master as tests need them; each part may be changed.

/** @import { Board, Cell, Column, Deployment, Release, Row, Running, StoreReport } from "../../../web/page/answers" */

const ACTIONS = [
  ...[
    "approve",
    "configure",
    "freeze",
    "hold",
    "lift-hold",
    "promote",
    "promote-all",
    "revert",
    "roll-back",
  ],
  "thaw",
];

export const NOW = Date.parse("2026-03-10T12:00:00Z");

/**
 * @param {Partial<Release>} [changes]
 * @returns {Release}
 */
export function release(changes) {
  return {
    digest: "a".repeat(64),
    upstream: "6.1",
    patches: 2,
    since: "2026-03-10T10:00:00Z",
    owner: "ana",
    reason: "looks good",
    link: "#/builders/1/builds/1",
    instance: "a".repeat(64),
    migration: "",
    migrated_since: "",
    ...changes,
  };
}

/**
 * @param {Partial<Running>} [changes]
 * @returns {Running}
 */
export function running(changes) {
  return {
    link: "#/builders/1/builds/2",
    action: "promote",
    owner: "ana",
    step: "deploy",
    message: "deploying to two servers",
    done: 1,
    worker: "deploy-1",
    started: "2026-03-10T11:59:50Z",
    seconds: 40,
    ...changes,
  };
}

/**
 * @param {Partial<Cell>} [changes]
 * @returns {Cell}
 */
export function cell(changes) {
  return {
    environment: "production",
    builder_id: 5,
    url: "https://blog.example/",
    live: release(),
    hold: null,
    waiting: null,
    blocked_by: "",
    approvals: [],
    earlier: [],
    previous: "",
    failed: null,
    running: null,
    queued: 0,
    health: null,
    ...changes,
  };
}

/**
 * @param {Partial<Column>} [changes]
 * @returns {Column}
 */
export function column(changes) {
  return {
    name: "production",
    buttons: Object.fromEntries(ACTIONS.map((action) => [action, `${action}-production`])),
    builder_id: 7,
    promotes_from: "staging",
    freeze: null,
    manual: false,
    two_person: false,
    running: null,
    interrupted: null,
    interrupted_build: "",
    ...changes,
  };
}

/**
 * @param {Partial<Row>} [changes]
 * @returns {Row}
 */
export function row(changes) {
  return {
    component: "blog",
    title: "Blog",
    builder_id: 3,
    building: null,
    problem: null,
    cells: [cell()],
    ...changes,
  };
}

/**
 * @param {Partial<Board>} [changes]
 * @returns {Board}
 */
export function board(changes) {
  return {
    title: "Demo",
    now: new Date(NOW).toISOString(),
    releasers: ["ana", "ben"],
    buttons: { build: "build" },
    columns: [column()],
    rows: [row()],
    disk_warnings: [],
    ...changes,
  };
}

/** @param {string} sentence */
export function outcome(sentence) {
  return { message: sentence, link: "#/builders/1/builds/3", when: "2026-03-10T11:00:00Z" };
}

/**
 * @param {Partial<Deployment>} [changes]
 * @returns {Deployment}
 */
export function deployment(changes) {
  return {
    build: 4,
    link: "#/builders/1/builds/4",
    component: "blog",
    environment: "production",
    action: "promote",
    before: "b".repeat(64),
    digest: "a".repeat(64),
    configured: "",
    release: "6.1",
    made_live: true,
    outcome: "done",
    message: "promoted",
    owner: "ana",
    reason: "looks good",
    freeze_override: "",
    requested: "2026-03-10T11:00:00Z",
    started: "2026-03-10T11:00:01Z",
    finished: "2026-03-10T11:00:04Z",
    ...changes,
  };
}

/**
 * @param {Partial<StoreReport>} [changes]
 * @returns {StoreReport}
 */
export function storeReport(changes) {
  return {
    artifacts: 12,
    size: 421_000_000,
    oldest: "2026-02-01T04:11:00Z",
    free: 9_500_000_000,
    disk: 40_000_000_000,
    warning: "",
    kept: "Artifacts of the last 30 days are kept.",
    removed: "removed: 3 artifacts (120.0 MB), 1 broken upload",
    removed_at: "2026-03-10T04:11:02Z",
    removal_failed: false,
    link: "#/builders/9/builds/4",
    releasers: ["ana", "ben"],
    button: "remove-artifacts",
    builder_id: 9,
    ...changes,
  };
}
