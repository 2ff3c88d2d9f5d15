// The HTTP API. Requests fail with `Refused` or `Unreachable`. Requests that are safe to repeat (all but a
// login) are retried. The token is sent in a header, never in a URL.

import { t } from "../i18n.js";
import { Backoff, pause } from "./backoff.js";
import { Refused, Unreachable } from "./errors.js";
import { Signal } from "../state/signal.js";

const TIMEOUT_MS = 15_000;
const ATTEMPTS = 3;
const MAX_WAIT_MS = 5_000;
// The server, or a proxy before it, does not answer for the moment.
const UNAVAILABLE = [502, 503, 504];

export class Api {
  #credentials;

  constructor(credentials) {
    this.#credentials = credentials;
    this.unauthorized = new Signal();
  }

  get(path, query = {}, options = {}) {
    return this.#request("GET", path + queryString(query), options);
  }

  // The idempotency key makes retries safe; without one there is a single attempt.
  post(path, body, key = null) {
    const headers = key === null ? {} : { "Idempotency-Key": key };
    return this.#request("POST", path, { body, headers, attempts: key === null ? 1 : ATTEMPTS });
  }

  put(path, body) {
    return this.#request("PUT", path, { body });
  }

  patch(path, body) {
    return this.#request("PATCH", path, { body });
  }

  delete(path, body) {
    return this.#request("DELETE", path, { body });
  }

  text(path) {
    return this.#request("GET", path, { as: "text" });
  }

  async #request(method, path, { body, headers = {}, signal, attempts = ATTEMPTS, as = "json" } = {}) {
    const backoff = new Backoff(300, 3_000);
    for (let left = attempts - 1; ; left -= 1) {
      try {
        return await this.#attempt(method, path, body, headers, signal, as);
      } catch (error) {
        const waitMs = left > 0 ? retryDelayMs(error, backoff) : null;
        if (waitMs === null) throw error;
        await pause(waitMs);
      }
    }
  }

  async #attempt(method, path, body, extra, signal, as) {
    if (signal?.aborted) throw cancelled();
    const token = this.#credentials.token;
    const headers = { Accept: "application/json", ...extra };
    if (token !== null) headers.Authorization = `Bearer ${token}`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), TIMEOUT_MS);
    const cancel = () => abort.abort();
    signal?.addEventListener("abort", cancel);
    try {
      const response = await fetch(path, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        credentials: "omit",
        referrerPolicy: "no-referrer",
        signal: abort.signal,
      });
      if (!response.ok) throw await refusedFrom(response);
      if (as === "text") return await response.text();
      const text = await response.text();
      return text ? JSON.parse(text) : null;
    } catch (error) {
      if (signal?.aborted) throw cancelled();
      if (!(error instanceof Refused)) throw new Unreachable();
      if (error.endsSession && token !== null && token === this.#credentials.token)
        this.unauthorized.emit(error);
      throw error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", cancel);
    }
  }
}

function queryString(query) {
  const given = Object.entries(query).filter(
    ([, value]) => value !== null && value !== undefined && value !== "",
  );
  return given.length ? `?${new URLSearchParams(given)}` : "";
}

function cancelled() {
  return new DOMException("The request was cancelled.", "AbortError");
}

async function refusedFrom(response) {
  let problem = {};
  try {
    problem = await response.json();
  } catch {
    // Not a problem document: a proxy answered.
  }
  const { status } = response;
  const isUnavailable = UNAVAILABLE.includes(status);
  return new Refused({
    status,
    code: problem.code ?? (isUnavailable ? "server.unavailable" : "server.error"),
    detail:
      problem.detail ??
      (isUnavailable ? t("refused.unavailable") : t("errors.status", { status: String(status) })),
    title: problem.title,
    errors: problem.errors ?? [],
    retryAfterMs: problem.retry_after_ms ?? null,
  });
}

function retryDelayMs(error, backoff) {
  if (error instanceof Unreachable) return backoff.delayMs();
  if (!(error instanceof Refused) || ![429, ...UNAVAILABLE].includes(error.status)) return null;
  const waitMs = backoff.delayMs(error.retryAfterMs);
  return waitMs <= MAX_WAIT_MS ? waitMs : null;
}
