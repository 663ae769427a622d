// What the board says about the site, its environments and its cells.

/** @import { Board, Cell, Column, Freeze, Health, Row, Running } from "../../answers" */
/** @typedef {{ column: Column, rows: Row[] }} WaitingReleases what waits for one environment */

import { ago, duration, formatDate, plural, secondsBetween, waits } from "./words.js";

/**
 * Whether any build runs or any request waits.
 *
 * @param {Board} board
 */
export function isBusy(board) {
  return (
    board.columns.some((column) => column.running) ||
    board.rows.some((row) => row.building || row.cells.some((cell) => cell.running || cell.queued))
  );
}

/**
 * @param {Row} row
 * @param {string} environment
 */
export function cellOf(row, environment) {
  return row.cells.find((cell) => cell.environment === environment);
}

/**
 * What waits, by environment; only environments for which something waits.
 *
 * @param {Board} board
 * @returns {WaitingReleases[]}
 */
export function waitingReleases(board) {
  return board.columns
    .map((column) => ({
      column,
      rows: board.rows.filter((row) => cellOf(row, column.name)?.waiting),
    }))
    .filter(({ rows }) => rows.length);
}

/** @param {WaitingReleases} waiting */
export function waitingSentence({ column, rows }) {
  return `${waits(rows.length, "release")} for ${column.name}`;
}

/**
 * The site in one line: what needs attention, and how urgent that is.
 *
 * @param {Board} board
 * @returns {{ state: "bad" | "good" | "waiting", notes: string[] }}
 */
export function summary(board) {
  const cells = board.rows.flatMap((row) => row.cells);
  const broken = board.rows.filter((row) => row.problem).length;
  const held = cells.filter((cell) => cell.hold).length;
  const unhealthy = cells.filter((cell) => cell.health?.healthy === false).length;
  const unknown = cells.filter((cell) => cell.health?.healthy === null).length;
  const notes = [];
  if (unhealthy) notes.push(`${plural(unhealthy, "release")} unhealthy`);
  if (unknown) notes.push(`health of ${plural(unknown, "release")} unknown`);
  if (broken) notes.push(`${plural(broken, "component")} cannot be built`);
  if (held) notes.push(`${held} on hold`);
  const calm = unknown || waitingReleases(board).length ? "waiting" : "good";
  return { state: unhealthy || broken ? "bad" : calm, notes };
}

/** @param {Freeze} freeze */
export function frozenSentence(freeze) {
  const until = freeze.until ? ` until ${formatDate(freeze.until)}` : "";
  return `frozen${until} by ${freeze.owner}: ${freeze.reason}`;
}

const HEALTH_MARKS = /** @type {const} */ ({ unhealthy: "✖", unknown: "○", healthy: "●" });

/**
 * The mark of a release's health, its description, and what is shown beside it when it is unknown.
 *
 * @param {Health | null} health
 * @param {number} now milliseconds since the epoch
 */
export function healthStatus(health, now) {
  if (!health) return healthMark("unknown", "not asked yet");
  const { healthy, message, when } = health;
  if (healthy === null) {
    const note = when ? `health unknown, last known ${ago(when, now)}` : "health unknown";
    return healthMark("unknown", `${message}; ${note}`, note);
  }
  const age = when ? `, ${Math.round(secondsBetween(when, now))} s ago` : "";
  return healthMark(healthy ? "healthy" : "unhealthy", message + age);
}

/**
 * @param {keyof typeof HEALTH_MARKS} state
 * @param {string} description
 * @param {string | null} note
 */
function healthMark(state, description, note = null) {
  return { state, description, note, mark: HEALTH_MARKS[state] };
}

/** No build is shown as complete before it is: its duration is an estimate. */
const FULLEST = 0.97;

/**
 * How far a build is; `share` is undefined for the first of its kind, whose duration nobody knows.
 *
 * @param {Running} running
 * @param {number} now milliseconds since the epoch
 */
export function progress(running, now) {
  const step = running.step || "waits";
  const detail = ["", running.step, "pending"].includes(running.message) ? null : running.message;
  if (!running.seconds) return { step, detail, share: undefined, remaining: null };
  const elapsed = secondsBetween(running.started, now);
  const rest = running.seconds - elapsed;
  return {
    step,
    detail,
    share: Math.min(elapsed / running.seconds, FULLEST),
    remaining: rest > 0 ? `about ${duration(rest)} left` : "finishing",
  };
}

/**
 * What a cell shows beside its releases.
 *
 * @param {Cell} cell
 * @param {Column} column
 */
export function cellStatus(cell, column) {
  const { failed, hold, live, queued, running, waiting } = cell;
  return {
    sameAs: live && !waiting ? column.promotes_from : null,
    hold: hold ? `On hold by ${hold.message}` : null,
    action: running ? running.action || "deploy" : null,
    queue: queued && !running ? waits(queued, "request") : null,
    failed: running ? null : failed,
    approvals: cell.approvals.length ? `approved by ${cell.approvals.join(", ")}` : null,
  };
}
