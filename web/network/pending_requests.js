// Commands that wait for their answer. After each reconnect the unanswered ones are sent again, in order.
// That is safe: messages carry a `client_id`, the other commands are idempotent. Without an answer a
// command is sent again; it fails only at its deadline.

import { t } from "../i18n.js";
import { Backoff } from "./backoff.js";
import { Ended, Refused, Unreachable } from "./errors.js";

const RESEND_MS = 15_000;
const DEADLINE_MS = 20_000;

export class PendingRequests {
  #lastId = 0;
  #pending = new Map();
  #connection = null;
  #ended = null;

  // Without a deadline (null) the command is repeated until it is answered.
  send(command, deadlineMs = DEADLINE_MS) {
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      const request = {
        id: 0,
        command,
        resolve,
        reject,
        timer: null,
        deadline: null,
        backoff: new Backoff(500, 15_000),
      };
      if (deadlineMs !== null) {
        const expire = () => this.#finish(request, () => reject(new Unreachable()));
        request.deadline = setTimeout(expire, deadlineMs);
      }
      this.#start(request);
    });
  }

  onAnswer(frame) {
    const request = this.#pending.get(frame.id);
    if (!request) return;
    if (frame.type === "ok") {
      this.#finish(request, () => request.resolve(frame.result));
    } else if (frame.retry) {
      this.#remove(request);
      request.timer = setTimeout(() => this.#start(request), request.backoff.delayMs(frame.retry_after_ms));
      // Stays under its old id, so that its deadline or the end of the session still finds it.
      this.#pending.set(request.id, request);
    } else {
      const error = new Refused({ code: frame.code, detail: frame.detail });
      this.#finish(request, () => request.reject(error));
    }
  }

  onConnected(connection) {
    this.#connection = connection;
    for (const request of [...this.#pending.values()]) this.#transmit(request);
  }

  onDisconnected() {
    this.#connection = null;
  }

  end(reason) {
    this.#ended = new Ended(reason);
    for (const request of [...this.#pending.values()])
      this.#finish(request, () => request.reject(this.#ended));
  }

  #start(request) {
    this.#remove(request);
    this.#lastId += 1;
    request.id = this.#lastId;
    this.#pending.set(request.id, request);
    this.#transmit(request);
  }

  #transmit(request) {
    if (this.#connection === null) return;
    const frame = { ...request.command, id: request.id };
    const limit = this.#connection.maxFrameBytes;
    if (limit !== null && new TextEncoder().encode(JSON.stringify(frame)).length > limit) {
      // The server would close the connection, and with it fail the other requests.
      const error = new Refused({ code: "request.too_large", detail: t("errors.too_long") });
      this.#finish(request, () => request.reject(error));
      return;
    }
    clearTimeout(request.timer);
    request.timer = setTimeout(() => this.#transmit(request), RESEND_MS);
    this.#connection.send(frame);
  }

  #remove(request) {
    clearTimeout(request.timer);
    this.#pending.delete(request.id);
  }

  #finish(request, settle) {
    this.#remove(request);
    clearTimeout(request.deadline);
    settle();
  }
}
