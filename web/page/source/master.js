// How the page talks to the master: it reads JSON, and presses the buttons that the UI has anyway.

/** @import { Answers } from "../answers" */
/** @import { Button } from "./logic/buttons.js" */
/** @import { Build } from "./logic/requests.js" */

import { visitorName } from "./logic/permissions.js";
import { errorSentence } from "./logic/requests.js";

/** @param {string} path */
const pageUrl = (path) => new URL(`plugins/releases/${path}`, document.baseURI);

/** @param {string} path */
const apiUrl = (path) => new URL(`api/v2/${path}`, document.baseURI);

/**
 * What the plugin answers; throws an Error with the master's sentence.
 *
 * A browser that has the same answer already takes it from its cache. What the answer says of the
 * present moment is then old; the header of the response is not.
 *
 * @template {keyof Answers} Name
 * @param {Name} name
 * @param {Record<string, string>} [query]
 * @returns {Promise<Answers[Name]>}
 */
export async function fetchAnswer(name, query = {}) {
  const url = pageUrl(name);
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
  const response = await fetchPatiently(url);
  /** @type {Answers[Name]} */
  const answer = await readJson(response);
  const date = response.headers.get("Date");
  return date && "now" in answer ? { ...answer, now: new Date(date).toISOString() } : answer;
}

/**
 * A response; a master whom too many people ask is asked again when it says so.
 *
 * @param {URL} url
 * @returns {Promise<Response>}
 */
async function fetchPatiently(url, attempts = 3) {
  const response = await fetch(url).catch(() => {
    throw new Error("the master cannot be reached"); // what a browser says here differs
  });
  if (response.status !== 429 || attempts === 1) return response;
  const seconds = Number(response.headers.get("Retry-After") ?? 1);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  return fetchPatiently(url, attempts - 1);
}

/**
 * The body of an answer, of the type that its caller expects.
 *
 * @template T
 * @param {Response} response
 * @returns {Promise<T>}
 */
async function readJson(response) {
  const body = await response.json().catch(() => null);
  if (!response.ok) {
    throw new Error(errorSentence(body?.error) ?? `the master answers ${response.status}`);
  }
  if (!body) throw new Error("the master's answer was cut off"); // buildbot issue 9065
  return body;
}

/**
 * Press a button of the UI; the number of the request that it makes.
 *
 * @param {Button} button
 * @param {Record<string, string>} fields
 */
export async function pressButton({ scheduler, builderid }, fields) {
  const params = { ...fields, builderid };
  const response = await fetch(apiUrl(`forceschedulers/${scheduler}`), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "force", params }),
  });
  /** @type {{ result: [number, Record<string, number>] }} */
  const { result } = await readJson(response);
  const [request] = Object.values(result[1]);
  if (request === undefined) throw new Error("the master made no request of it");
  return request;
}

/**
 * The last build that a request has led to; undefined while it waits.
 *
 * @param {number} request
 */
export async function lastBuild(request) {
  /** @type {{ builds: Build[] }} */
  const { builds } = await readJson(await fetch(apiUrl(`buildrequests/${request}/builds`)));
  return builds.at(-1);
}

/**
 * Whether a request is complete and never led to a build.
 *
 * @param {number} request
 */
export async function isCancelled(request) {
  /** @type {{ buildrequests: { complete: boolean }[] }} */
  const { buildrequests } = await readJson(await fetch(apiUrl(`buildrequests/${request}`)));
  const [state] = buildrequests;
  return !state || (state.complete && !(await lastBuild(request)));
}

/** The name of whoever has logged in; null for everybody else. */
export function visitor() {
  return visitorName(window.buildbotFrontendConfig?.user);
}
