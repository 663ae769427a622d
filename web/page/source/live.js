// Keeps what the master answers up to date, by the events of the UI's own websocket.

/** @import { Answers } from "../answers" */

import { afterEvents, oneAtATime } from "./logic/events.js";
import { fetchAnswer } from "./master.js";

/** Everything that may change what is shown. */
const ALL_EVENTS = ["builds/*/*", "buildrequests/*/*", "steps/*/*"];

/** For views of what is over. */
export const FINISHED_BUILDS = ["builds/*/finished"];

/** An answer is loaded again after this many milliseconds without an event. */
export const QUIET_INTERVAL = 30_000;

const FIRST_RECONNECT = 500; // milliseconds
const SLOWEST_RECONNECT = 10_000; // milliseconds

/**
 * An answer of the master, kept up to date; `refresh` loads it again soon.
 *
 * `received` is when the master gave it, by this computer's clock.
 *
 * A lost connection is made again, and the answer is then loaded.
 *
 * @template {keyof Answers} Name
 * @param {Name} name
 * @param {Record<string, string>} [query]
 * @param {string[]} [events] always the same array, or the connection is made anew
 */
export function useAnswer(name, query = {}, events = ALL_EVENTS) {
  const [value, setValue] = React.useState(/** @type {Answers[Name] | null} */ (null));
  const [received, setReceived] = React.useState(/** @type {string | null} */ (null));
  const [error, setError] = React.useState(/** @type {Error | null} */ (null));
  const [isConnected, setConnected] = React.useState(true);
  const schedule = React.useRef(() => {});
  const key = JSON.stringify(query); // a new object at each call, of the same content
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
        setReceived(new Date().toISOString());
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

/**
 * Call `onEvent` for each event of these paths; returns a function that ends it.
 *
 * @param {string[]} paths
 * @param {() => void} onEvent
 * @param {(isConnected: boolean) => void} onConnection
 */
function subscribe(paths, onEvent, onConnection) {
  const url = new URL("ws", document.baseURI);
  url.protocol = url.protocol.replace("http", "ws");
  url.hash = "";
  let isOver = false;
  let pause = FIRST_RECONNECT;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
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
      timer = setTimeout(() => (socket = connect()), pause);
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
