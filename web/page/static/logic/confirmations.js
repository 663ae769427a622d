// What a dialog says that asks for a reason, and which button it presses.

/** @import { Cell, Column, Freeze, Row } from "../../answers" */
/** @import { WaitingReleases } from "./status.js" */
/**
 * @typedef {object} Confirmation
 * @property {string} title
 * @property {string} text
 * @property {string} confirm what the button of the dialog says
 * @property {string} button the force scheduler that it presses
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
      "The first that fails stops the rest; what was moved can then be returned.",
    confirm: `Promote ${plural(rows.length, "release")}`,
    button: siteButton(column.name, "promote-all"),
    freeze: column.freeze,
    subject: `Everything → ${column.name}`,
  };
}

/**
 * @param {Column} column
 * @returns {Confirmation}
 */
export function freeze({ name }) {
  return {
    title: `Freeze ${name}`,
    text:
      "Nothing is promoted until somebody ends the freeze. Rolling back stays possible, and a " +
      "promotion that cannot wait can be forced with a reason.",
    confirm: `Freeze ${name}`,
    button: siteButton(name, "freeze"),
    subject: `Freeze ${name}`,
  };
}

/**
 * @param {Column} column
 * @returns {Confirmation}
 */
export function thaw({ name, freeze }) {
  return {
    title: `End the freeze of ${name}`,
    text: freeze ? `It is ${frozenSentence(freeze)}.` : "",
    confirm: "End the freeze",
    button: siteButton(name, "thaw"),
    subject: `Freeze of ${name}`,
  };
}

/**
 * Take back a promotion of all components that stopped half-way.
 *
 * @param {Column} column
 * @returns {Confirmation}
 */
export function returnAll({ name, stopped, stopped_number }) {
  return {
    title: `Return what was moved to ${name}`,
    text:
      `${stopped ? `${stopped.said}. ` : ""}` +
      "What it moved is rolled back, the last first, and put on hold.",
    confirm: "Return it",
    button: siteButton(name, "return"),
    fields: { wanted: stopped_number },
    subject: `Return ${name}`,
  };
}

/**
 * Put a cell on hold, or end the hold that it is under.
 *
 * @param {Row} row
 * @param {Cell} cell
 * @returns {Confirmation}
 */
export function holdOrRelease({ component }, { environment, hold }) {
  const subject = `${component} in ${environment}`;
  if (!hold) {
    return {
      title: `Hold ${subject}`,
      text: "Nothing newer is deployed or promoted here until the hold is released.",
      confirm: "Hold",
      button: componentButton(component, environment, "hold"),
      subject,
    };
  }
  return {
    title: `Release the hold of ${subject}`,
    text: `On hold by ${hold.said}.`,
    confirm: "Release hold",
    button: componentButton(component, environment, "release-hold"),
    subject,
  };
}
