// Numbers, times and sentences as people read them.

const UNITS = /** @type {const} */ ([
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
]);

/**
 * @param {string} when
 * @param {number} now milliseconds since the epoch
 */
export function ago(when, now) {
  const seconds = secondsBetween(when, now);
  for (const [unit, length] of UNITS) {
    if (seconds >= length) return `${plural(Math.floor(seconds / length), unit)} ago`;
  }
  return "just now";
}

/**
 * How long ago a moment was; zero when it is ahead, since two clocks never agree.
 *
 * @param {string} when
 * @param {number} now milliseconds since the epoch
 */
export function secondsBetween(when, now) {
  return Math.max(0, (now - new Date(when).getTime()) / 1000);
}

/**
 * @param {number} count
 * @param {string} noun
 */
export function plural(count, noun) {
  if (count === 1) return `1 ${noun}`;
  if (/[^aeiou]y$/.test(noun)) return `${count} ${noun.slice(0, -1)}ies`;
  return `${count} ${noun}${noun.endsWith("ch") ? "es" : "s"}`;
}

/**
 * "1 request waits", "2 requests wait".
 *
 * @param {number} count
 * @param {string} noun
 */
export function waits(count, noun) {
  return `${plural(count, noun)} ${count === 1 ? "waits" : "wait"}`;
}

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds < 59.5) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 59.5 * 60) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** @param {number} bytes */
export function size(bytes) {
  const magnitude = Math.abs(bytes);
  if (magnitude < 1000) return `${bytes} B`;
  if (magnitude < 999_950) return `${(bytes / 1e3).toFixed(1)} kB`;
  if (magnitude < 999_950_000) return `${(bytes / 1e6).toFixed(1)} MB`;
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

/** @param {number} bytes */
export function growth(bytes) {
  return `${bytes < 0 ? "−" : "+"}${size(Math.abs(bytes))}`;
}

/**
 * A digest or a commit as far as people compare it.
 *
 * @param {string} identifier
 */
export function short(identifier, length = 12) {
  return identifier.slice(0, length);
}

/** @param {string} when */
export function formatDate(when) {
  return new Date(when).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

/**
 * The state of a build without the words that Buildbot puts around it.
 *
 * @param {string} stateString
 */
export function buildSentence(stateString) {
  return stateString.replace(/^(build successful|failed) /, "").replaceAll(" (failure)", "");
}
