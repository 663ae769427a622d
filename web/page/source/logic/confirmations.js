// What a dialog says that asks for a reason, and which button it presses.

/** @import { Cell, Column, Freeze, Row, StoreReport } from "../../answers" */
/** @import { Button } from "./buttons.js" */
/** @import { WaitingReleases } from "./status.js" */
/**
 * @typedef {object} Confirmation
 * @property {string} title
 * @property {string} text
 * @property {string} confirm what the button of the dialog says
 * @property {Button} button what it presses
 * @property {string} subject what the notice about the build is headed with
 * @property {Record<string, string>} [fields] what goes to the force scheduler beside the reason
 * @property {Freeze | null} [freeze] must be overridden with a reason of its own
 */

import { componentButton, siteButton } from "./buttons.js";
import { cellOf, frozenSentence } from "./status.js";
import { plural } from "./words.js";

/**
 * @param {WaitingReleases} waiting
 * @returns {Confirmation}
 */
export function promoteAll({ column, rows }) {
  const releases = rows.map((row) => {
    return `${row.component}=${cellOf(row, column.name)?.waiting?.digest}`;
  });
  return {
    fields: { wanted: releases.join(",") },
    title: `Promote everything that waits to ${column.name}`,
    text:
      `One after the other, in this order: ${rows.map((row) => row.component).join(", ")}. ` +
      "The first that fails stops the rest; what was moved can then be reverted.",
    confirm: `Promote ${plural(rows.length, "release")}`,
    button: siteButton(column, "promote-all"),
    freeze: column.freeze,
    subject: `Everything → ${column.name}`,
  };
}

/**
 * @param {Column} column
 * @returns {Confirmation}
 */
export function freeze(column) {
  const { name } = column;
  return {
    title: `Freeze ${name}`,
    text:
      "Nothing is promoted until somebody ends the freeze. Rolling back stays possible, and a " +
      "promotion that cannot wait can be forced with a reason.",
    confirm: `Freeze ${name}`,
    button: siteButton(column, "freeze"),
    subject: `Freeze ${name}`,
  };
}

/**
 * @param {Column} column
 * @returns {Confirmation}
 */
export function thaw(column) {
  const { name, freeze } = column;
  return {
    title: `End the freeze of ${name}`,
    text: freeze ? `It is ${frozenSentence(freeze)}.` : "",
    confirm: "End the freeze",
    button: siteButton(column, "thaw"),
    subject: `Freeze of ${name}`,
  };
}

/**
 * Roll back what an interrupted promotion of all components moved.
 *
 * @param {Column} column
 * @returns {Confirmation}
 */
export function revert(column) {
  const { name, interrupted, interrupted_build } = column;
  return {
    title: `Revert the promotion to ${name}`,
    text:
      `${interrupted ? `${interrupted.message}. ` : ""}` +
      "What it moved is rolled back, the last first, and put on hold.",
    confirm: "Revert",
    button: siteButton(column, "revert"),
    fields: { wanted: interrupted_build },
    subject: `Revert ${name}`,
  };
}

/**
 * Deploy what is live again, with the secrets and settings of today.
 *
 * @param {Row} row
 * @param {Cell} cell
 * @param {Column} column
 * @returns {Confirmation}
 */
export function configure({ component }, cell, column) {
  const subject = `${component} in ${cell.environment}`;
  return {
    title: `Configure ${subject} again`,
    text:
      "The live release is deployed again with the secrets and settings of today, for example " +
      "after a secret was rotated. It is checked first; if a check fails, nothing changes.",
    confirm: "Configure again",
    button: componentButton(column, cell, "configure"),
    subject,
  };
}

/**
 * Put a cell on hold, or end the hold that it is under.
 *
 * @param {Row} row
 * @param {Cell} cell
 * @param {Column} column
 * @returns {Confirmation}
 */
export function holdOrLift({ component }, cell, column) {
  const { environment, hold } = cell;
  const subject = `${component} in ${environment}`;
  if (!hold) {
    return {
      title: `Hold ${subject}`,
      text: "Nothing newer is deployed or promoted here until the hold is lifted.",
      confirm: "Hold",
      button: componentButton(column, cell, "hold"),
      subject,
    };
  }
  return {
    title: `Lift the hold of ${subject}`,
    text: `On hold by ${hold.message}.`,
    confirm: "Lift hold",
    button: componentButton(column, cell, "lift-hold"),
    subject,
  };
}

/**
 * Remove from the store what is not kept, without waiting for the night.
 *
 * @param {StoreReport} report
 * @returns {Confirmation}
 */
export function removeArtifacts({ button, builder_id, kept }) {
  return {
    title: "Remove what is not kept",
    text: `${kept} The other artifacts and old logs are removed and cannot be brought back.`,
    confirm: "Remove",
    button: { scheduler: button, builderid: builder_id },
    subject: "Store",
  };
}
