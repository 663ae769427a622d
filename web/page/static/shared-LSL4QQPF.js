// Written by `make bundle` from web/page/source; change it there.

// web/page/source/logic/words.js
var UNITS = (
  /** @type {const} */
  [
    ["day", 86400],
    ["hour", 3600],
    ["minute", 60]
  ]
);
function ago(when, now) {
  const seconds = secondsBetween(when, now);
  for (const [unit, length] of UNITS) {
    if (seconds >= length) return `${plural(Math.floor(seconds / length), unit)} ago`;
  }
  return "just now";
}
function secondsBetween(when, now) {
  return Math.max(0, (now - new Date(when).getTime()) / 1e3);
}
function plural(count, noun) {
  if (count === 1) return `1 ${noun}`;
  if (/[^aeiou]y$/.test(noun)) return `${count} ${noun.slice(0, -1)}ies`;
  return `${count} ${noun}${noun.endsWith("ch") ? "es" : "s"}`;
}
function waits(count, noun) {
  return `${plural(count, noun)} ${count === 1 ? "waits" : "wait"}`;
}
function duration(seconds) {
  if (seconds < 59.5) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 59.5 * 60) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
function size(bytes) {
  const magnitude = Math.abs(bytes);
  if (magnitude < 1e3) return `${bytes} B`;
  if (magnitude < 999950) return `${(bytes / 1e3).toFixed(1)} kB`;
  if (magnitude < 99995e4) return `${(bytes / 1e6).toFixed(1)} MB`;
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
function growth(bytes) {
  return `${bytes < 0 ? "−" : "+"}${size(Math.abs(bytes))}`;
}
function short(identifier, length = 12) {
  return identifier.slice(0, length);
}
function formatDate(when) {
  return new Date(when).toLocaleString(void 0, { dateStyle: "medium", timeStyle: "short" });
}
function buildSentence(stateString) {
  return stateString.replace(/^(build successful|failed) /, "").replaceAll(" (failure)", "");
}

// web/page/source/elements.js
var h = React.createElement;
var VIEWS = [
  { to: "/releases", name: "Board" },
  { to: "/releases/history", name: "History" },
  { to: "/releases/figures", name: "Figures" },
  { to: "/releases/machines", name: "Machines" },
  { to: "/releases/store", name: "Store" },
  { to: "/releases/upstream", name: "Upstream" }
];
function Ago({ when, now }) {
  return h("time", { dateTime: when, title: formatDate(when) }, ago(when, now));
}
function ViewLink({ to, children, ...attributes }) {
  return h(ReactRouterDOM.Link, { to: to.replace(/^#/, ""), ...attributes }, children);
}
function DigestLink({ digest }) {
  const to = `/releases/release/${digest}`;
  return h(ViewLink, { to, className: "sw-digest", title: digest }, h("code", null, short(digest)));
}
function ReleaseName({ release }) {
  const { digest, patches, upstream } = release;
  return h(
    React.Fragment,
    null,
    h("strong", { className: "sw-release" }, upstream || "forgotten"),
    " ",
    patches ? h("span", { className: "sw-patches" }, `+ ${plural(patches, "patch")} `) : null,
    h(DigestLink, { digest })
  );
}
function View({ title, current, summary, children }) {
  const links = VIEWS.map(({ to, name }) => {
    return h(
      ViewLink,
      { key: to, to, "aria-current": name === current ? "page" : void 0 },
      name
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
      summary
    ),
    children
  );
}
function Banner({ state, role, children }) {
  return h("p", { className: `sw-banner sw-${state}`, role }, children);
}
function ErrorBanner({ error }) {
  return error ? h(Banner, { state: "bad", role: "alert" }, error.message) : null;
}
function Note({ children }) {
  return h("p", { className: "sw-note" }, children);
}
function Loading() {
  return h("p", { className: "sw-note", role: "status" }, "Loading…");
}
function Button({ label, onClick, name, isPrimary, isDisabled, title }) {
  return h(
    "button",
    {
      type: "button",
      className: isPrimary ? "sw-button sw-primary" : "sw-button",
      "aria-label": name,
      disabled: isDisabled,
      title: title ?? void 0,
      onClick
    },
    label
  );
}
function TableHead({ columns, caption }) {
  const cells = columns.map((name) => h("th", { key: name, scope: "col" }, name));
  return h(
    React.Fragment,
    null,
    caption ? h("caption", { className: "sr-only" }, caption) : null,
    h("thead", null, h("tr", null, cells))
  );
}
function useNow(interval) {
  const [now, setNow] = React.useState(() => Date.now());
  React.useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), interval);
    return () => clearInterval(timer);
  }, [interval]);
  return now;
}

// web/page/source/logic/permissions.js
function visitorName(user) {
  if (!user || user.anonymous) return null;
  return user.email || user.username || null;
}
function whyNotReleaser(visitor2, releasers) {
  if (visitor2 && releasers.includes(visitor2)) return null;
  if (visitor2) return `${visitor2} is not a releaser: ${releasers.join(", ")} may press this.`;
  return "Only releasers may press this. Log in at the upper right; anybody may look.";
}
function whyNoPromotion(cell) {
  return cell.running ? "a build is running here" : null;
}
function whyNoRollBack(cell) {
  if (!cell.earlier.length) return "nothing was live here before";
  return cell.running ? "a build is running here" : null;
}
function needsApproval(column, cell, visitor2) {
  return column.two_person && !cell.approvals.some((approver) => approver !== visitor2);
}
function promotionWarning(column, cell, visitor2) {
  if (column.freeze || needsApproval(column, cell, visitor2)) return null;
  return cell.blocked_by || null;
}
function approvalNote(column, cell) {
  if (!column.two_person) return null;
  return cell.approvals.length ? `Approved by ${cell.approvals.join(", ")}.` : "An approval is required: another releaser must approve exactly this release first.";
}

// web/page/source/logic/requests.js
var SUCCESS = 0;
var SKIPPED = 3;
var RETRY = 5;
function isFinished(build) {
  return build.complete && build.results !== RETRY;
}
function buildNotice(build) {
  return {
    text: buildSentence(build.state_string),
    state: isFinished(build) ? outcomeState(build.results) : "running",
    link: `#/builders/${build.builderid}/builds/${build.number}`
  };
}
function outcomeState(results) {
  if (results === SUCCESS) return "good";
  return results === SKIPPED ? "note" : "bad";
}
function noBuildNotice(isCancelled2) {
  return isCancelled2 ? { text: "it was cancelled before it began", state: "note" } : { text: "waits for its turn", state: "running" };
}
function errorSentence(error) {
  if (typeof error === "string") return error || null;
  if (typeof error !== "object" || error === null) return null;
  const message = "message" in error ? error.message : null;
  if (typeof message === "object" && message !== null) return Object.values(message).join("; ");
  return typeof message === "string" ? message : null;
}

// web/page/source/master.js
var pageUrl = (path) => new URL(`plugins/releases/${path}`, document.baseURI);
var apiUrl = (path) => new URL(`api/v2/${path}`, document.baseURI);
async function fetchAnswer(name, query = {}) {
  const url = pageUrl(name);
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
  const response = await fetchPatiently(url);
  const answer = await readJson(response);
  const date = response.headers.get("Date");
  return date && "now" in answer ? { ...answer, now: new Date(date).toISOString() } : answer;
}
async function fetchPatiently(url, attempts = 3) {
  const response = await fetch(url).catch(() => {
    throw new Error("the master cannot be reached");
  });
  if (response.status !== 429 || attempts === 1) return response;
  const seconds = Number(response.headers.get("Retry-After") ?? 1);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1e3));
  return fetchPatiently(url, attempts - 1);
}
async function readJson(response) {
  const body = await response.json().catch(() => null);
  if (!response.ok) {
    throw new Error(errorSentence(body?.error) ?? `the master answers ${response.status}`);
  }
  if (!body) throw new Error("the master's answer was cut off");
  return body;
}
async function pressButton({ scheduler, builderid }, fields) {
  const params = { ...fields, builderid };
  const response = await fetch(apiUrl(`forceschedulers/${scheduler}`), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "force", params })
  });
  const { result } = await readJson(response);
  const [request] = Object.values(result[1]);
  if (request === void 0) throw new Error("the master made no request of it");
  return request;
}
async function lastBuild(request) {
  const { builds } = await readJson(await fetch(apiUrl(`buildrequests/${request}/builds`)));
  return builds.at(-1);
}
async function isCancelled(request) {
  const { buildrequests } = await readJson(await fetch(apiUrl(`buildrequests/${request}`)));
  const [state] = buildrequests;
  return !state || state.complete && !await lastBuild(request);
}
function visitor() {
  return visitorName(window.buildbotFrontendConfig?.user);
}

// web/page/source/logic/events.js
var SOON = 150;
var SETTLED = 3e3;
function oneAtATime(load) {
  let isRunning = false;
  let isWanted = false;
  return async function run() {
    isWanted = true;
    if (isRunning) return;
    isRunning = true;
    while (isWanted) {
      isWanted = false;
      await load();
    }
    isRunning = false;
  };
}
function afterEvents(load) {
  let soon;
  let settled;
  return {
    schedule() {
      clearTimeout(settled);
      settled = setTimeout(load, SETTLED);
      soon ??= setTimeout(() => {
        soon = void 0;
        load();
      }, SOON);
    },
    cancel() {
      clearTimeout(soon);
      clearTimeout(settled);
    }
  };
}

// web/page/source/live.js
var ALL_EVENTS = ["builds/*/*", "buildrequests/*/*", "steps/*/*"];
var FINISHED_BUILDS = ["builds/*/finished"];
var QUIET_INTERVAL = 3e4;
var FIRST_RECONNECT = 500;
var SLOWEST_RECONNECT = 1e4;
function useAnswer(name, query = {}, events = ALL_EVENTS) {
  const [value, setValue] = React.useState(
    /** @type {Answers[Name] | null} */
    null
  );
  const [received, setReceived] = React.useState(
    /** @type {string | null} */
    null
  );
  const [error, setError] = React.useState(
    /** @type {Error | null} */
    null
  );
  const [isConnected, setConnected] = React.useState(true);
  const schedule = React.useRef(() => {
  });
  const key = JSON.stringify(query);
  React.useEffect(() => {
    let isOver = false;
    setValue(null);
    setReceived(null);
    setError(null);
    const load = oneAtATime(async () => {
      if (isOver) return;
      try {
        const answer = await fetchAnswer(name, JSON.parse(key));
        if (isOver) return;
        setValue(answer);
        setReceived((/* @__PURE__ */ new Date()).toISOString());
        setError(null);
      } catch (problem) {
        if (!isOver) setError(problem instanceof Error ? problem : new Error(String(problem)));
      }
    });
    const loading = afterEvents(load);
    schedule.current = loading.schedule;
    load();
    const timer = setInterval(load, QUIET_INTERVAL);
    const unsubscribe = subscribe(events, loading.schedule, (connected) => {
      setConnected(connected);
      if (connected) loading.schedule();
    });
    return () => {
      isOver = true;
      clearInterval(timer);
      loading.cancel();
      unsubscribe();
    };
  }, [name, key, events]);
  const refresh = React.useCallback(() => schedule.current(), []);
  return { value, received, error, isConnected, refresh };
}
function subscribe(paths, onEvent, onConnection) {
  const url = new URL("ws", document.baseURI);
  url.protocol = url.protocol.replace("http", "ws");
  url.hash = "";
  let isOver = false;
  let pause = FIRST_RECONNECT;
  let timer;
  let socket = connect();
  function connect() {
    const opening = new WebSocket(url);
    opening.onopen = () => {
      if (isOver) return;
      pause = FIRST_RECONNECT;
      for (const [_id, path] of paths.entries()) {
        opening.send(JSON.stringify({ cmd: "startConsuming", path, _id }));
      }
      onConnection(true);
    };
    opening.onmessage = (event) => {
      if (!isOver && JSON.parse(event.data).k) onEvent();
    };
    opening.onclose = () => {
      if (isOver) return;
      onConnection(false);
      timer = setTimeout(() => socket = connect(), pause);
      pause = Math.min(pause * 2, SLOWEST_RECONNECT);
    };
    return opening;
  }
  return () => {
    isOver = true;
    clearTimeout(timer);
    socket.close();
  };
}

export {
  ago,
  secondsBetween,
  plural,
  waits,
  duration,
  size,
  growth,
  short,
  formatDate,
  h,
  Ago,
  ViewLink,
  DigestLink,
  ReleaseName,
  View,
  Banner,
  ErrorBanner,
  Note,
  Loading,
  Button,
  TableHead,
  useNow,
  whyNotReleaser,
  whyNoPromotion,
  whyNoRollBack,
  promotionWarning,
  approvalNote,
  buildNotice,
  noBuildNotice,
  fetchAnswer,
  pressButton,
  lastBuild,
  isCancelled,
  visitor,
  FINISHED_BUILDS,
  QUIET_INTERVAL,
  useAnswer
};
