// How the page talks to the master: it asks for JSON, presses the buttons that the UI has anyway,
// and hears over the UI's own websocket that something happened.

const here = new URL("plugins/releases/", document.baseURI);
const EVERYTHING = ["builds/*/*", "buildrequests/*/*", "steps/*/*"];
/** For views of what is over. */
export const ENDED = ["builds/*/finished"];
const CALM = 30_000; // milliseconds between two looks when nothing is heard
const SOON = 150; // milliseconds: events come in bunches
const SETTLED = 3_000; // milliseconds after the last event: health is asked for in the end

/** What the plugin's endpoint says; throws an Error with the master's sentence. */
export async function ask(name, query = {}) {
  const url = new URL(name, here);
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
  return read(await fetch(url));
}

/** What Buildbot's own API says. */
export async function api(path) {
  return read(await fetch(new URL(`api/v2/${path}`, document.baseURI)));
}

async function read(answer) {
  const said = await answer.json().catch(() => null);
  if (!answer.ok) throw new Error(sentence(said?.error) || `the master answers ${answer.status}`);
  if (!said) throw new Error("the master's answer was cut off"); // buildbot issue 9065
  return said;
}

function sentence(error) {
  if (!error || typeof error === "string") return error;
  const message = error.message;
  return typeof message === "object" ? Object.values(message).join("; ") : message;
}

/** Press a button of the UI; the number of the request that it makes. */
export async function press(button, fields) {
  const call = { jsonrpc: "2.0", id: 1, method: "force", params: fields };
  const answer = await fetch(new URL(`api/v2/forceschedulers/${button}`, document.baseURI), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(call),
  });
  const [, requests] = (await read(answer)).result;
  return Object.values(requests)[0];
}

/** The last build that a request has led to; none while it waits. */
export async function built(request) {
  const { builds } = await api(`buildrequests/${request}/builds`);
  return builds.at(-1);
}

/** Whether a request is over and never led to a build. */
export async function forgotten(request) {
  const { buildrequests } = await api(`buildrequests/${request}`);
  return !buildrequests.length || (buildrequests[0].complete && !(await built(request)));
}

/** Who looks; nobody in particular when not logged in. */
export function visitor() {
  const user = window.buildbotFrontendConfig?.user ?? {};
  return user.anonymous ? null : user.email || user.username;
}

/**
 * Keep something that the master says up to date: {value, error, connected, refresh}.
 * A lost connection is made again, and what was missed is asked for.
 */
export function useLive(load, dependencies = [], paths = EVERYTHING) {
  const [state, setState] = React.useState({ value: null, error: null, connected: true });
  const refresh = React.useRef(() => {});
  React.useEffect(() => {
    setState((old) => ({ ...old, value: null, error: null }));
    let over = false;
    let asking = false;
    let again = false;
    let later = null;
    let last = null;
    async function look() {
      if (asking) return void (again = true);
      asking = true;
      try {
        const value = await load();
        if (!over) setState((old) => ({ ...old, value, error: null }));
      } catch (error) {
        if (!over) setState((old) => ({ ...old, error }));
      }
      asking = false;
      if (again && !over) {
        again = false;
        look();
      }
    }
    function soon() {
      clearTimeout(last);
      last = setTimeout(look, SETTLED);
      later ??= setTimeout(() => {
        later = null;
        look();
      }, SOON);
    }
    refresh.current = soon;
    look();
    const calm = setInterval(look, CALM);
    const hang = listen(paths, soon, (connected) => {
      if (over) return;
      setState((old) => ({ ...old, connected }));
      if (connected) soon();
    });
    return () => {
      over = true;
      clearInterval(calm);
      clearTimeout(later);
      clearTimeout(last);
      hang();
    };
  }, dependencies);
  return { ...state, refresh: () => refresh.current() };
}

/** Call `heard` for each event of these paths; returns how to stop. */
function listen(paths, heard, connected) {
  const url = new URL("ws", document.baseURI);
  url.protocol = url.protocol.replace("http", "ws");
  url.hash = "";
  let socket = null;
  let over = false;
  let pause = 500;
  let timer = null;
  function connect() {
    socket = new WebSocket(url);
    socket.onopen = () => {
      pause = 500;
      paths.forEach((path, _id) =>
        socket.send(JSON.stringify({ cmd: "startConsuming", path, _id })),
      );
      connected(true);
    };
    socket.onmessage = (event) => {
      if (JSON.parse(event.data).k) heard();
    };
    socket.onclose = () => {
      if (over) return;
      connected(false);
      timer = setTimeout(connect, pause);
      pause = Math.min(pause * 2, 10_000);
    };
  }
  connect();
  return () => {
    over = true;
    clearTimeout(timer);
    socket.close();
  };
}
