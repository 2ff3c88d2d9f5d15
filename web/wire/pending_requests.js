// Commands that wait for their answer. An answer may come on any connection: after each connect, what was
// not answered is said again in the order in which it was asked. All commands bear that: messages by their
// `client_id`, the others by what they are. A timeout is never taken for a failure; only a deadline is.

import { Backoff } from "./backoff.js";
import { Ended, Refused, Unreachable } from "./errors.js";

const ANSWER_MS = 15_000;

export class PendingRequests {
  #numbers = 0;
  #waiting = new Map();
  #connection = null;
  #ended = null;

  // `deadlineMs` null: for as long as it takes.
  ask(command, deadlineMs = 20_000) {
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      const ask = {
        id: 0,
        command,
        resolve,
        reject,
        timer: null,
        deadline: null,
        backoff: new Backoff(500, 15_000),
      };
      if (deadlineMs !== null) {
        ask.deadline = setTimeout(() => this.#settle(ask, () => reject(new Unreachable())), deadlineMs);
      }
      this.#enter(ask);
    });
  }

  answered(frame) {
    const ask = this.#waiting.get(frame.id);
    if (!ask) return;
    if (frame.type === "ok") {
      this.#settle(ask, () => ask.resolve(frame.result));
    } else if (frame.retry) {
      this.#leave(ask);
      ask.timer = setTimeout(() => this.#enter(ask), ask.backoff.delayMs(frame.retry_after_ms));
      // It is waited for under its old number, so that a deadline or the end still finds it.
      this.#waiting.set(ask.id, ask);
    } else {
      this.#settle(ask, () => ask.reject(new Refused({ code: frame.code, detail: frame.detail })));
    }
  }

  connected(connection) {
    this.#connection = connection;
    for (const ask of [...this.#waiting.values()]) this.#say(ask);
  }

  lost() {
    this.#connection = null;
  }

  end(reason) {
    this.#ended = new Ended(reason);
    for (const ask of [...this.#waiting.values()]) this.#settle(ask, () => ask.reject(this.#ended));
  }

  #enter(ask) {
    this.#leave(ask);
    ask.id = this.#numbers += 1;
    this.#waiting.set(ask.id, ask);
    this.#say(ask);
  }

  #say(ask) {
    if (this.#connection === null) return;
    const frame = { ...ask.command, id: ask.id };
    const most = this.#connection.maxFrameBytes;
    if (most !== null && new TextEncoder().encode(JSON.stringify(frame)).length > most) {
      // Said all the same it would cost the connection, for all the others too.
      this.#settle(ask, () =>
        ask.reject(new Refused({ code: "request.too_large", detail: "This is too long." })),
      );
      return;
    }
    clearTimeout(ask.timer);
    ask.timer = setTimeout(() => this.#say(ask), ANSWER_MS);
    this.#connection.say(frame);
  }

  #leave(ask) {
    clearTimeout(ask.timer);
    this.#waiting.delete(ask.id);
  }

  #settle(ask, answer) {
    this.#leave(ask);
    clearTimeout(ask.deadline);
    answer();
  }
}
