// A running build: its progress bar, its step and the time that is left.

/** @import { Running } from "../answers" */

import { ViewLink, h } from "./elements.js";
import { progress } from "./logic/status.js";

/**
 * Its step, how far it is, and how long it will take.
 *
 * @param {{ running: Running, now: number, action: string }} props
 */
export function RunningBuild({ running, now, action }) {
  const { step, detail, share, remaining } = progress(running, now);
  return h(
    "div",
    { className: "sw-running" },
    h("progress", { value: share, max: 1, "aria-label": `${action}: ${step}` }),
    h(
      "div",
      null,
      h(ViewLink, { to: running.link }, h("strong", null, action), ` ${step}`),
      running.worker ? ` on ${running.worker}` : "",
      remaining ? ` · ${remaining}` : "",
    ),
    detail ? h("div", { className: "sw-who" }, detail) : null,
  );
}
