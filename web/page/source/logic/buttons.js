// The buttons of the board: which force scheduler a press starts, and for which builder.

/** @import { Cell, Column } from "../../answers" */
/**
 * @typedef {object} Button
 * @property {string} scheduler a force scheduler's name
 * @property {number | null} builderid of the one builder that it starts; null before there is one
 */

/**
 * A button for one component in one environment.
 *
 * @param {Column} column
 * @param {Cell} cell
 * @param {"approve" | "configure" | "hold" | "lift-hold" | "promote" | "roll-back"} action
 * @returns {Button}
 */
export function componentButton(column, cell, action) {
  return { scheduler: schedulerOf(column, action), builderid: cell.builder_id };
}

/**
 * A button for all components in one environment.
 *
 * @param {Column} column
 * @param {"freeze" | "promote-all" | "revert" | "thaw"} action
 * @returns {Button}
 */
export function siteButton(column, action) {
  return { scheduler: schedulerOf(column, action), builderid: column.builder_id };
}

/**
 * @param {Column} column
 * @param {string} action
 */
function schedulerOf(column, action) {
  const scheduler = column.buttons[action];
  if (!scheduler) throw new Error(`${column.name} has no button for '${action}'`);
  return scheduler;
}
