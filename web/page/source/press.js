// Presses a button, and says what its build says until it is finished.

/** @import { Button } from "./logic/buttons.js" */
/** @import { Notice } from "./logic/requests.js" */
/** @typedef {Notice & { title: string }} TitledNotice */
/**
 * @callback Press
 * @param {string} title what the notice is headed with
 * @param {Button} button
 * @param {Record<string, string>} fields
 * @returns {Promise<void>}
 */

import { ViewLink, h } from "./elements.js";
import { buildNotice, noBuildNotice } from "./logic/requests.js";
import { isCancelled, lastBuild, pressButton } from "./master.js";

const { useCallback, useEffect, useRef, useState } = React;
const POLL_INTERVAL = 500; // milliseconds

/**
 * How a view presses buttons; the notice is about the last one that was pressed.
 *
 * @param {() => void} refresh
 */
export function usePress(refresh) {
  const [notice, setNotice] = useState(/** @type {TitledNotice | null} */ (null));
  const count = useRef(0);
  useEffect(() => () => void (count.current += 1), []);

  const press = useCallback(
    /** @type {Press} */
    async (title, button, fields) => {
      const mine = ++count.current;
      const isLatest = () => mine === count.current;
      /** @param {Notice} state */
      const show = (state) => isLatest() && setNotice({ title, ...state });
      show({ text: "asked for", state: "running" });
      try {
        const request = await pressButton(button, fields);
        refresh();
        await follow(request, show, isLatest);
      } catch (error) {
        show({ text: message(error), state: "bad" });
      }
      refresh();
    },
    [refresh],
  );
  return { notice, press, dismiss: () => setNotice(null) };
}

/**
 * Show what becomes of a request until that is final, or another button was pressed.
 *
 * @param {number} request
 * @param {(notice: Notice) => void} show
 * @param {() => boolean} isLatest
 */
async function follow(request, show, isLatest) {
  while (isLatest()) {
    const notice = await requestNotice(request);
    show(notice);
    if (notice.state !== "running") return;
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL));
  }
}

/**
 * The master may be away for a moment, which ends nothing.
 *
 * @param {number} request
 * @returns {Promise<Notice>}
 */
async function requestNotice(request) {
  try {
    const build = await lastBuild(request);
    return build ? buildNotice(build) : noBuildNotice(await isCancelled(request));
  } catch (error) {
    const text = `the master does not answer; it goes on there (${message(error)})`;
    return { text, state: "running" };
  }
}

/** @param {unknown} error */
function message(error) {
  return error instanceof Error ? error.message : String(error);
}

/** @param {{ notice: TitledNotice, dismiss: () => void }} props */
export function PressNotice({ notice, dismiss }) {
  const { link, state, text, title } = notice;
  const close = {
    type: "button",
    className: "sw-close",
    "aria-label": "Dismiss",
    onClick: dismiss,
  };
  return h(
    "p",
    { className: `sw-banner sw-${state}` },
    h("strong", null, title),
    ": ",
    text,
    " ",
    link ? h(ViewLink, { to: link }, "log") : null,
    state === "running" ? null : h("button", close, "×"),
  );
}
