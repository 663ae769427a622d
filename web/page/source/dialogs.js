// Dialogs that ask for a reason before a button is pressed.

/** @import { FormEvent, ReactElement, ReactNode } from "react" */
/** @import { Freeze } from "../answers" */
/** @import { Confirmation } from "./logic/confirmations.js" */
/** @import { Press } from "./press.js" */
/**
 * @typedef {object} PressContext what a button with a dialog is given
 * @property {readonly string[]} releasers
 * @property {string | null} visitor
 * @property {Press} press
 * @property {(dialog: PressDialog) => void} open
 */
/** @typedef {(context: PressContext, close: () => void) => ReactElement} PressDialog */

import { Banner, Button, h } from "./elements.js";
import { LONGEST_REASON } from "./logic/comparison.js";
import { whyNotReleaser } from "./logic/permissions.js";

const { useId, useLayoutEffect, useRef, useState } = React;

/**
 * The browser's own dialog: it keeps the focus, ends with Escape, and gives the focus back.
 *
 * @param {{ title: string, close: () => void, children?: ReactNode }} props
 */
export function Dialog({ title, close, children }) {
  const reference = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const heading = useId();
  useLayoutEffect(() => {
    const dialog = reference.current;
    dialog?.showModal();
    return () => dialog?.close(); // gives the focus back
  }, []);
  return h(
    "dialog",
    { ref: reference, className: "sw-dialog", "aria-labelledby": heading, onClose: close },
    h("h2", { id: heading }, title),
    children,
  );
}

/**
 * @typedef {object} ReasonFormProps
 * @property {PressContext} context
 * @property {() => void} close
 * @property {string} confirm what the button says
 * @property {Freeze | null} [freeze]
 * @property {string} [proposed] a reason that may stay as it is
 * @property {ReactNode} [extra] one more button
 * @property {(fields: Record<string, string>) => void} onConfirm
 */

/**
 * Reason and confirmation; a visitor who may not confirm reads why.
 *
 * @param {ReasonFormProps} props
 */
export function ReasonForm({ context, close, confirm, freeze, proposed = "", extra, onConfirm }) {
  const [typed, setTyped] = useState(/** @type {string | null} */ (null));
  const [override, setOverride] = useState("");
  const reason = typed ?? proposed;
  const forbidden = whyNotReleaser(context.visitor, context.releasers);
  /** @param {FormEvent} event */
  function submit(event) {
    event.preventDefault();
    close();
    onConfirm({ reason, ...(freeze ? { freeze_override: override } : {}) });
  }
  return h(
    "form",
    { onSubmit: submit, className: "sw-confirm" },
    forbidden
      ? h(Banner, { state: "note" }, forbidden)
      : h(ReasonInput, { reason, isFocused: !proposed, onChange: setTyped }),
    freeze && !forbidden ? h(OverrideInput, { freeze, override, onChange: setOverride }) : null,
    h(
      "div",
      { className: "sw-buttons" },
      h(Button, { label: forbidden ? "Close" : "Cancel", onClick: close }),
      extra,
      h(SubmitButton, {
        label: confirm,
        isFocused: Boolean(proposed),
        isDisabled: Boolean(forbidden),
      }),
    ),
  );
}

/** @param {{ label: string, isFocused: boolean, isDisabled: boolean }} props */
function SubmitButton({ label, isFocused, isDisabled }) {
  const className = "sw-button sw-primary";
  const attributes = { className, autoFocus: isFocused, disabled: isDisabled };
  return h("button", { type: "submit", ...attributes }, label);
}

/**
 * @param {{ reason: string, isFocused: boolean, onChange: (reason: string) => void }} props
 */
function ReasonInput({ reason, isFocused, onChange }) {
  const id = useId();
  return h(
    React.Fragment,
    null,
    h("label", { htmlFor: id }, "Why"),
    h("input", {
      id,
      value: reason,
      required: true,
      maxLength: LONGEST_REASON,
      autoFocus: isFocused,
      onChange: (event) => onChange(event.target.value),
    }),
  );
}

/**
 * Why a freeze is overridden.
 *
 * @param {{ freeze: Freeze, override: string, onChange: (override: string) => void }} props
 */
function OverrideInput({ freeze, override, onChange }) {
  const id = useId();
  return h(
    React.Fragment,
    null,
    h(
      "label",
      { htmlFor: id, className: "sw-freeze" },
      `❄ ${freeze.reason} (${freeze.owner}). Why this cannot wait`,
    ),
    h("input", {
      id,
      value: override,
      required: true,
      onChange: (event) => onChange(event.target.value),
    }),
  );
}

/**
 * @param {{ context: PressContext, close: () => void, confirmation: Confirmation }} props
 */
function ConfirmationDialog({ context, close, confirmation }) {
  const { button, confirm, fields, freeze, subject, text, title } = confirmation;
  return h(
    Dialog,
    { title, close },
    h("p", null, text),
    h(ReasonForm, {
      context,
      close,
      confirm,
      freeze,
      onConfirm: (given) => context.press(subject, button, { ...fields, ...given }),
    }),
  );
}

/**
 * @typedef {object} ConfirmationButtonProps
 * @property {PressContext} context
 * @property {string} label
 * @property {Confirmation} confirmation
 * @property {string} [name] for a screen reader, where the label is not enough
 * @property {boolean} [isPrimary]
 */

/**
 * A button that everybody may press: its dialog says who may confirm.
 *
 * @param {ConfirmationButtonProps} props
 */
export function ConfirmationButton({ context, label, confirmation, name, isPrimary }) {
  const open = () =>
    context.open((current, close) =>
      h(ConfirmationDialog, { context: current, close, confirmation }),
    );
  return h(Button, { label, name, isPrimary, onClick: open });
}
