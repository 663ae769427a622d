// When to load again what the master answers.

/** Events come in bunches: load this many milliseconds after the first of them. */
export const SOON = 150;

/** Load once more this many milliseconds after the last event: health is checked in the end. */
export const SETTLED = 3_000;

/**
 * A function that runs `load`; calls while it runs lead to one more run after it.
 *
 * @param {() => Promise<void>} load must not reject
 */
export function oneAtATime(load) {
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

/**
 * A function that runs `load` soon after a bunch of events, and once more when they have settled.
 *
 * @param {() => void} load
 */
export function afterEvents(load) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let soon;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let settled;
  return {
    schedule() {
      clearTimeout(settled);
      settled = setTimeout(load, SETTLED);
      soon ??= setTimeout(() => {
        soon = undefined;
        load();
      }, SOON);
    },
    cancel() {
      clearTimeout(soon);
      clearTimeout(settled);
    },
  };
}
