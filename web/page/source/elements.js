// Parts that all views draw with.

/** @import { ComponentProps, MouseEvent, ReactNode } from "react" */
/** @import { Release } from "../answers" */

import { ago, formatDate, plural, short } from "./logic/words.js";

export const h = React.createElement;

const VIEWS = [
  { to: "/releases", name: "Board" },
  { to: "/releases/history", name: "History" },
  { to: "/releases/figures", name: "Figures" },
  { to: "/releases/machines", name: "Machines" },
  { to: "/releases/store", name: "Store" },
  { to: "/releases/upstream", name: "Upstream" },
];

/**
 * A moment as "3 hours ago", and exactly when pointed at.
 *
 * @param {{ when: string, now: number }} props
 */
export function Ago({ when, now }) {
  return h("time", { dateTime: when, title: formatDate(when) }, ago(when, now));
}

/**
 * A link to another view of the UI; the master's links begin with "#".
 *
 * @param {ComponentProps<typeof ReactRouterDOM.Link>} props
 */
export function ViewLink({ to, children, ...attributes }) {
  return h(ReactRouterDOM.Link, { to: to.replace(/^#/, ""), ...attributes }, children);
}

/** @param {{ digest: string }} props */
export function DigestLink({ digest }) {
  const to = `/releases/release/${digest}`;
  return h(ViewLink, { to, className: "sw-digest", title: digest }, h("code", null, short(digest)));
}

/**
 * A release in words: what upstream calls it, our patches, its digest.
 *
 * @param {{ release: Release }} props
 */
export function ReleaseName({ release }) {
  const { digest, patches, upstream } = release;
  return h(
    React.Fragment,
    null,
    h("strong", { className: "sw-release" }, upstream || "forgotten"),
    " ",
    patches ? h("span", { className: "sw-patches" }, `+ ${plural(patches, "patch")} `) : null,
    h(DigestLink, { digest }),
  );
}

/**
 * A view: its title, the way to the other views, and its content.
 *
 * @param {{ title: string, current?: string, summary?: ReactNode, children?: ReactNode }} props
 */
export function View({ title, current, summary, children }) {
  const links = VIEWS.map(({ to, name }) => {
    return h(
      ViewLink,
      { key: to, to, "aria-current": name === current ? "page" : undefined },
      name,
    );
  });
  return h(
    "main",
    { className: "sw" },
    h(
      "header",
      { className: "sw-head" },
      h("h1", null, title),
      h("nav", { "aria-label": "Releases" }, links),
      summary,
    ),
    children,
  );
}

/**
 * A line that stands out; an alert is read out at once.
 *
 * @param {{
 *   state: "bad" | "note" | "warn",
 *   role?: "alert" | "status",
 *   children?: ReactNode,
 * }} props
 */
export function Banner({ state, role, children }) {
  return h("p", { className: `sw-banner sw-${state}`, role }, children);
}

/** @param {{ error: Error | null }} props */
export function ErrorBanner({ error }) {
  return error ? h(Banner, { state: "bad", role: "alert" }, error.message) : null;
}

/** @param {{ children?: ReactNode }} props */
export function Note({ children }) {
  return h("p", { className: "sw-note" }, children);
}

export function Loading() {
  return h("p", { className: "sw-note", role: "status" }, "Loading…");
}

/**
 * @typedef {object} ButtonProps
 * @property {string} label
 * @property {(event: MouseEvent<HTMLButtonElement>) => void} onClick
 * @property {string} [name] for a screen reader, where the label is not enough
 * @property {boolean} [isPrimary]
 * @property {boolean} [isDisabled]
 * @property {string | null} [title] why it is disabled
 */

/** @param {ButtonProps} props */
export function Button({ label, onClick, name, isPrimary, isDisabled, title }) {
  return h(
    "button",
    {
      type: "button",
      className: isPrimary ? "sw-button sw-primary" : "sw-button",
      "aria-label": name,
      disabled: isDisabled,
      title: title ?? undefined,
      onClick,
    },
    label,
  );
}

/**
 * The head of a table, and for a screen reader what the table is about.
 *
 * @param {{ columns: string[], caption?: string }} props
 */
export function TableHead({ columns, caption }) {
  const cells = columns.map((name) => h("th", { key: name, scope: "col" }, name));
  return h(
    React.Fragment,
    null,
    caption ? h("caption", { className: "sr-only" }, caption) : null,
    h("thead", null, h("tr", null, cells)),
  );
}

/**
 * A clock that ticks every so many milliseconds.
 *
 * @param {number} interval
 */
export function useNow(interval) {
  const [now, setNow] = React.useState(() => Date.now());
  React.useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), interval);
    return () => clearInterval(timer);
  }, [interval]);
  return now;
}
