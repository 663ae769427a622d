// Who may press which button, and why not. The master decides; the page says it beforehand.

/** @import { Cell, Column } from "../../answers" */

/**
 * The name of whoever has logged in; null for everybody else.
 *
 * @param {FrontendUser | undefined} user
 */
export function visitorName(user) {
  if (!user || user.anonymous) return null;
  return user.email || user.username || null;
}

/**
 * Why a visitor may not press any button; null for a releaser.
 *
 * @param {string | null} visitor
 * @param {readonly string[]} releasers
 */
export function whyNotReleaser(visitor, releasers) {
  if (visitor && releasers.includes(visitor)) return null;
  if (visitor) return `${visitor} is not a releaser: ${releasers.join(", ")} may press this.`;
  return "Only releasers may press this. Log in at the upper right; anybody may look.";
}

/**
 * Why nothing can be promoted to a cell now; null when it can.
 *
 * @param {Cell} cell
 */
export function whyNoPromotion(cell) {
  return cell.running ? "a build is running here" : null;
}

/**
 * Why a cell cannot be rolled back now; null when it can.
 *
 * @param {Cell} cell
 */
export function whyNoRollBack(cell) {
  if (!cell.earlier.length) return "nothing was live here before";
  return cell.running ? "a build is running here" : null;
}

/**
 * Whether a promotion by this visitor still needs the approval of another releaser.
 *
 * @param {Column} column
 * @param {Cell} cell
 * @param {string | null} visitor
 */
export function needsApproval(column, cell, visitor) {
  return column.two_person && !cell.approvals.some((approver) => approver !== visitor);
}

/**
 * What a dialog warns of before a promotion; null when there is nothing.
 *
 * A freeze and a missing approval have a place of their own in the dialog.
 *
 * @param {Column} column
 * @param {Cell} cell
 * @param {string | null} visitor
 */
export function promotionWarning(column, cell, visitor) {
  if (column.freeze || needsApproval(column, cell, visitor)) return null;
  return cell.blocked_by || null;
}

/**
 * What a dialog says about approvals; null where one person is enough.
 *
 * @param {Column} column
 * @param {Cell} cell
 */
export function approvalNote(column, cell) {
  if (!column.two_person) return null;
  return cell.approvals.length
    ? `Approved by ${cell.approvals.join(", ")}.`
    : "An approval is required: another releaser must approve exactly this release first.";
}
