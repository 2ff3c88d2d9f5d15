// The live line to the server: it connects, and comes back by itself with growing pauses left to chance.
//
//     connecting -> live -> waiting -> connecting ...        stopped: the server does not want us back
//
// Closes 4500 to 4999 stop it until somebody asks it to go on. It never hands on what it heard itself:
// that is the dispatcher's.

import { PendingRequests } from "./pending_requests.js";
import { Backoff } from "./backoff.js";
import { Connection } from "./connection.js";
import { Signal } from "../state/signal.js";

// A connection that lasted so long makes the next loss the first again.
const STEADY_MS = 10_000;

export class Socket {
  #credentials;
  #dispatcher;
  #requests = new PendingRequests();
  #backoff = new Backoff(500, 30_000);
  #connection = null;
  #timer = null;
  #notBefore = 0;
  #offs = [];

  constructor(credentials, dispatcher) {
    this.#credentials = credentials;
    this.#dispatcher = dispatcher;
    this.state = { name: "connecting" };
    this.changed = new Signal();
    this.sessionEnded = new Signal();
  }

  start() {
    const listen = (target, name, listener) => {
      target.addEventListener(name, listener);
      this.#offs.push(() => target.removeEventListener(name, listener));
    };
    listen(window, "online", () => this.#hurry());
    listen(document, "visibilitychange", () => document.visibilityState === "visible" && this.#hurry());
    this.#connect();
  }

  // Leave for good.
  stop(reason = "left") {
    this.#offs.forEach((off) => off());
    clearTimeout(this.#timer);
    this.#requests.end(reason);
    const connection = this.#connection;
    this.#connection = null;
    connection?.close();
  }

  // Somebody asks for it: now, whatever the pause was, also after the server sent us away.
  goOn() {
    if (this.#connection !== null) return;
    this.#backoff.reset();
    this.#connect();
  }

  ask(command, deadlineMs) {
    return this.#requests.ask(command, deadlineMs);
  }

  #connect() {
    clearTimeout(this.#timer);
    this.#tell({ name: "connecting" });
    const url = new URL("/v1/ws", location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const resume = this.#dispatcher.resume();
    let readyAt = null;
    const connection = new Connection(url, this.#credentials.token, resume, {
      onReady: (frame) => {
        readyAt = performance.now();
        this.#dispatcher.onReady(frame, resume !== null);
        this.#requests.connected(connection);
        this.#tell({ name: "live" });
      },
      onFrame: (frame) => {
        if (frame.type === "ok" || frame.type === "error") this.#requests.answered(frame);
        else this.#dispatcher.dispatch(frame);
      },
      onClosed: (closing) => {
        if (this.#connection !== connection) return;
        if (readyAt !== null && performance.now() - readyAt > STEADY_MS) this.#backoff.reset();
        this.#lost(closing, resume !== null);
      },
    });
    this.#connection = connection;
  }

  #lost(closing, resumed) {
    this.#connection = null;
    this.#requests.lost();
    // What was asked to resume was not taken: the next time the state is read anew.
    if (resumed && closing.reason === "request.invalid") this.#dispatcher.forgetSession();
    if (!closing.mayReturn) {
      this.#tell({ name: "stopped", words: closing.words });
      if (closing.endsSession) this.sessionEnded.emit(closing);
      return;
    }
    const delayMs = this.#backoff.delayMs(closing.retryAfterMs);
    this.#notBefore = performance.now() + (closing.retryAfterMs ?? 0);
    this.#timer = setTimeout(() => this.#connect(), delayMs);
    this.#tell({ name: "waiting", until: Date.now() + delayMs });
  }

  // The network is back, or somebody looks: no need to wait for more than the server asked for.
  #hurry() {
    if (this.#connection !== null) this.#connection.probe();
    else if (this.state.name === "waiting" && performance.now() >= this.#notBefore) this.#connect();
  }

  #tell(state) {
    this.state = state;
    this.changed.emit(state);
  }
}
