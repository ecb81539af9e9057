/** Calls of the service. Errors become sentences; nothing is asked of another host. */

import { askKey, authorization } from "./key.js";

const PATIENCE_MS = 60_000;
const base = new URL("../", import.meta.url);

/** What the service says in its `error`, or why it could not be asked. */
export class ServiceError extends Error {
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

async function ask(path, options = {}) {
  const sent = authorization();
  let response, text, body;
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    response = await fetch(new URL(path, base), { signal, ...options, headers: { accept: "application/json", ...sent, ...options.headers } });
    text = await response.text();
  } catch (error) {
    throw new ServiceError(error.name === "TimeoutError" ? "The service did not answer within a minute." : "The service cannot be reached. Is it still running?");
  }
  if (response.status === 401) {
    // Another request may have been given a key meanwhile.
    const renewed = authorization().authorization !== sent.authorization;
    if (renewed || (await askKey())) return ask(path, options);
  }
  try {
    body = JSON.parse(text);
  } catch {
    throw new ServiceError(`The service answered ${response.status} with something that is not JSON.`, response.status);
  }
  if (!response.ok) throw new ServiceError(body.error ?? `The service answered ${response.status}.`, response.status);
  return body;
}

export const get = (path) => ask(path);

export const post = (path, document) =>
  ask(path, { method: "POST", body: JSON.stringify(document), headers: { "content-type": "application/json" } });

/** POST a form; its fields without a value are left out. */
export function postForm(path, fields) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) if (value) form.append(name, value);
  return ask(path, { method: "POST", body: form });
}

/** POST a picture as it is. */
export const postPicture = (path, blob) =>
  ask(path, { method: "POST", body: blob, headers: { "content-type": blob.type } });

const kept = new Map();

/** GET a document that does not change while the page is open. */
export function once(path) {
  if (!kept.has(path)) {
    const asked = get(path);
    asked.catch(() => kept.delete(path));
    kept.set(path, asked);
  }
  return kept.get(path);
}

/** True if the service has a POST route. */
export async function offers(path) {
  const { routes } = await once("docs");
  return routes.some((route) => route.method === "POST" && route.path === path);
}

/** The serving version of a model that answers by default, with its manifest. */
export async function model(name) {
  const { versions } = await once(`models/${encodeURIComponent(name)}`);
  const ready = versions.filter((version) => version.state === "ready");
  return ready.find((version) => version.default_version) ?? ready.at(-1);
}

/** Explanation methods of a model; empty where the service explains nothing. */
export async function methods(name) {
  if (!(await offers("/explain"))) return [];
  const document = await once(`models/${encodeURIComponent(name)}`);
  const version = await model(name);
  return document.explanations ?? version?.explanations ?? version?.manifest?.explanations ?? [];
}

/**
 * Runs one task at a time. Of the arguments that arrive meanwhile only the newest are kept, so a
 * fast hand never builds a queue.
 */
export function latest(task) {
  let running = false;
  let waiting = null;
  return async function run(...args) {
    if (running) {
      waiting = args;
      return;
    }
    running = true;
    try {
      for (let next = args; next; next = waiting) {
        waiting = null;
        await task(...next);
      }
    } finally {
      running = false;
      waiting = null;
    }
  };
}

/** Calls `task` once nothing has been asked of it for `milliseconds`. */
export function settled(task, milliseconds) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => task(...args), milliseconds);
  };
}
