// The HTTP part of the contract. Whatever fails is `Refused` or `Unreachable`; what may be said again
// without harm (all but a login) is said again a few times. The token goes into a header, never a URL.

import { Backoff, pause } from "./backoff.js";
import { Refused, Unreachable } from "./errors.js";
import { Signal } from "../state/signal.js";

const TIMEOUT_MS = 15_000;
const TRIES = 3;
const PATIENCE_MS = 5_000;

export class Api {
  #credentials;

  constructor(credentials) {
    this.#credentials = credentials;
    this.unauthorized = new Signal();
  }

  get(path, query = {}, options = {}) {
    return this.#ask("GET", path + written(query), options);
  }

  // `key` makes a repetition harmless; without one the request is said once only.
  post(path, body, key = null) {
    const headers = key === null ? {} : { "Idempotency-Key": key };
    return this.#ask("POST", path, { body, headers, tries: key === null ? 1 : TRIES });
  }

  put(path, body) {
    return this.#ask("PUT", path, { body });
  }

  patch(path, body) {
    return this.#ask("PATCH", path, { body });
  }

  delete(path) {
    return this.#ask("DELETE", path);
  }

  text(path) {
    return this.#ask("GET", path, { as: "text" });
  }

  async #ask(method, path, { body, headers = {}, signal, tries = TRIES, as = "json" } = {}) {
    const backoff = new Backoff(300, 3_000);
    for (let left = tries - 1; ; left -= 1) {
      try {
        return await this.#once(method, path, body, headers, signal, as);
      } catch (error) {
        const waitMs = left > 0 ? waitBefore(error, backoff) : null;
        if (waitMs === null) throw error;
        await pause(waitMs);
      }
    }
  }

  async #once(method, path, body, extra, signal, as) {
    const token = this.#credentials.token;
    const headers = { Accept: "application/json", ...extra };
    if (token !== null) headers.Authorization = `Bearer ${token}`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const ended = new AbortController();
    const timer = setTimeout(() => ended.abort(), TIMEOUT_MS);
    const abort = () => ended.abort();
    signal?.addEventListener("abort", abort);
    try {
      const response = await fetch(path, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        credentials: "omit",
        referrerPolicy: "no-referrer",
        signal: ended.signal,
      });
      if (!response.ok) throw await refusal(response);
      if (as === "text") return await response.text();
      const text = await response.text();
      return text ? JSON.parse(text) : null;
    } catch (error) {
      if (signal?.aborted) throw new DOMException("no longer wanted", "AbortError");
      if (!(error instanceof Refused)) throw new Unreachable();
      if (error.endsSession && token !== null && token === this.#credentials.token)
        this.unauthorized.emit(error);
      throw error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
  }
}

function written(query) {
  const given = Object.entries(query).filter(
    ([, value]) => value !== null && value !== undefined && value !== "",
  );
  return given.length ? `?${new URLSearchParams(given)}` : "";
}

async function refusal(response) {
  let problem = {};
  try {
    problem = await response.json();
  } catch {
    // Not ours: a proxy on the way answered.
  }
  return new Refused({
    status: response.status,
    code: problem.code ?? "server.error",
    detail: problem.detail ?? `The server answered ${response.status}.`,
    title: problem.title,
    errors: problem.errors ?? [],
    retryAfterMs: problem.retry_after_ms ?? null,
  });
}

function waitBefore(error, backoff) {
  if (error instanceof Unreachable) return backoff.delayMs();
  if (!(error instanceof Refused) || ![429, 503].includes(error.status)) return null;
  const waitMs = backoff.delayMs(error.retryAfterMs);
  return waitMs <= PATIENCE_MS ? waitMs : null;
}
