// The connection to the server, reconnecting with backoff:
//
//     connecting -> live -> waiting (until the next attempt) -> connecting ...
//
// `stopped`: the server closed with a code of 4500 to 4999, so only the user may reconnect.

import { t } from "../i18n.js";
import { Signal } from "../state/signal.js";
import { Backoff } from "./backoff.js";
import { Connection } from "./connection.js";
import { PendingRequests } from "./pending_requests.js";

// A connection that lasted this long resets the backoff.
const STABLE_MS = 10_000;
const VISIBLE_CAP_MS = 5_000;
const HIDDEN_CAP_MS = 30_000;

export class Socket {
  #credentials;
  #dispatcher;
  #requests = new PendingRequests();
  #backoff = new Backoff(500);
  #connection = null;
  #timer = null;
  #notBefore = 0;
  #listeners = new AbortController();

  constructor(credentials, dispatcher) {
    this.#credentials = credentials;
    this.#dispatcher = dispatcher;
    this.state = { name: "connecting" };
    this.changed = new Signal();
    this.sessionEnded = new Signal();
  }

  get isLive() {
    return this.state.name === "live";
  }

  start() {
    const options = { signal: this.#listeners.signal };
    window.addEventListener("online", () => this.#check(), options);
    window.addEventListener("offline", () => this.#connection?.probe(), options);
    window.addEventListener("pageshow", () => this.#check(), options);
    document.addEventListener(
      "visibilitychange",
      () => document.visibilityState === "visible" && this.#check(),
      options,
    );
    this.#connect();
  }

  stop(reason = t("errors.session_ended")) {
    this.#listeners.abort();
    clearTimeout(this.#timer);
    this.#requests.end(reason);
    const connection = this.#connection;
    this.#connection = null;
    connection?.close();
  }

  // The user asks to reconnect now, also after the server refused further connections.
  reconnect() {
    if (this.#connection !== null) return;
    this.#backoff.reset();
    this.#connect();
  }

  send(command, deadlineMs) {
    return this.#requests.send(command, deadlineMs);
  }

  #connect() {
    clearTimeout(this.#timer);
    this.#setState({ name: "connecting" });
    const url = new URL("/v1/ws", location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const resume = this.#dispatcher.resume();
    let readyAt = null;
    const connection = new Connection(url, this.#credentials.token, resume, {
      onReady: (frame) => {
        readyAt = performance.now();
        this.#dispatcher.onReady(frame, resume !== null);
        this.#requests.onConnected(connection);
        this.#setState({ name: "live" });
      },
      onFrame: (frame) => {
        if (frame.type === "ok" || frame.type === "error") this.#requests.onAnswer(frame);
        else this.#dispatcher.dispatch(frame);
      },
      onClosed: (info) => {
        if (this.#connection !== connection) return;
        if (readyAt !== null && performance.now() - readyAt > STABLE_MS) this.#backoff.reset();
        this.#onLost(info, resume !== null);
      },
    });
    this.#connection = connection;
  }

  #onLost(info, resumed) {
    this.#connection = null;
    this.#requests.onDisconnected();
    // The server rejected the resume itself: the next connection reads the state over HTTP.
    if (resumed && info.reason === "request.invalid") this.#dispatcher.forgetSession();
    if (!info.mayReconnect) {
      this.#setState({ name: "stopped", text: info.text });
      if (info.endsSession) this.sessionEnded.emit(info);
      return;
    }
    const capMs = document.visibilityState === "visible" ? VISIBLE_CAP_MS : HIDDEN_CAP_MS;
    const delayMs = this.#backoff.delayMs(info.retryAfterMs, capMs);
    this.#notBefore = performance.now() + (info.retryAfterMs ?? 0);
    this.#timer = setTimeout(() => this.#connect(), delayMs);
    this.#setState({ name: "waiting", until: Date.now() + delayMs });
  }

  // The network or the user is back: find out at once whether the connection works.
  #check() {
    if (this.#connection !== null) this.#connection.probe();
    else if (this.state.name === "waiting" && performance.now() >= this.#notBefore) this.#connect();
  }

  #setState(state) {
    this.state = state;
    this.changed.emit(state);
  }
}
