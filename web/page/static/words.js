// Numbers and times as people read them.

export const h = React.createElement;

export function ago(when, now) {
  const seconds = Math.max(0, (now - new Date(when)) / 1000);
  for (const [unit, length] of [
    ["day", 86400],
    ["hour", 3600],
    ["minute", 60],
  ]) {
    if (seconds >= length) return `${plural(Math.floor(seconds / length), unit)} ago`;
  }
  return "just now";
}

export function plural(count, noun) {
  const many = noun.endsWith("ch") ? `${noun}es` : `${noun}s`;
  return `${count} ${count === 1 ? noun : many}`;
}

export function duration(seconds) {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

export function size(bytes) {
  const magnitude = Math.abs(bytes);
  if (magnitude < 1000) return `${bytes} B`;
  if (magnitude < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

export function growth(bytes) {
  return `${bytes < 0 ? "−" : "+"}${size(Math.abs(bytes))}`;
}

export const short = (digest) => digest.slice(0, 12);

export function exactly(when) {
  return new Date(when).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

/** What a build said, without the words that Buildbot puts around it. */
export function sentence(said) {
  return said.replace(/^(build successful|failed) /, "").replaceAll(" (failure)", "");
}

/** A moment as "3 hours ago", and exactly when pointed at. */
export function Ago({ when, now }) {
  return h("time", { dateTime: when, title: exactly(when) }, ago(when, now));
}

/** A link to another view of the UI; the master's links begin with "#". */
export function Go({ to, children, ...more }) {
  return h(ReactRouterDOM.Link, { to: to.replace(/^#/, ""), ...more }, children);
}

export function Digest({ digest }) {
  return h(
    Go,
    { to: `/releases/release/${digest}`, className: "sw-digest", title: digest },
    h("code", null, short(digest)),
  );
}

/** A release in words: what upstream calls it, our patches, its digest. */
export function Named({ release }) {
  return h(
    React.Fragment,
    null,
    h("strong", { className: "sw-release" }, release.upstream || "forgotten"),
    " ",
    release.patches
      ? h("span", { className: "sw-patches" }, `+ ${plural(release.patches, "patch")} `)
      : null,
    h(Digest, { digest: release.digest }),
  );
}

/** The line above every view. */
export function Head({ title, at, children }) {
  const views = [
    ["/releases", "Board"],
    ["/releases/history", "History"],
    ["/releases/figures", "Figures"],
    ["/releases/machines", "Machines"],
  ];
  return h(
    "header",
    { className: "sw-head" },
    h("h1", null, title),
    h(
      "nav",
      { "aria-label": "Releases" },
      views.map(([to, name]) =>
        h(Go, { key: to, to, "aria-current": name === at ? "page" : undefined }, name),
      ),
    ),
    children,
  );
}

/** A clock that ticks every so many milliseconds. */
export function useNow(every) {
  const [now, setNow] = React.useState(() => Date.now());
  React.useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}
