// One WebSocket connection:
//
//     open -> authenticate (the first frame) -> ready -> frames both ways -> closed
//
// `onClosed` is called exactly once. A connection is never reused.

import { CloseInfo } from "./close_info.js";

const SUB_PROTOCOL = "convene.v1.json";
const AUTHENTICATE_ID = "authenticate";
const PROBE_ID = "probe";
const OPEN_TIMEOUT_MS = 15_000;
const TICK_MS = 2_000;
// A tick that comes later than this means that the device was asleep.
const SLEEP_MS = 10_000;
const ANSWER_MS = 5_000;
const PROBE_TIMEOUT_MS = 5_000;

export class Connection {
  #socket;
  #hooks;
  #openTimer;
  #tickTimer;
  #probeTimer = null;
  #closed = false;
  #goodbye = null;
  #authError = null;
  #ready = false;
  #heartbeatMs = 25_000;
  #receivedAt = 0;
  #unansweredSince = null;
  #tickedAt = Date.now();

  // Hooks: onReady(frame), onFrame(frame), onClosed(closeInfo).
  constructor(url, token, resume, hooks) {
    this.#hooks = hooks;
    this.maxFrameBytes = null;
    this.#socket = new WebSocket(url, SUB_PROTOCOL);
    this.#socket.onopen = () => {
      this.send({ type: "authenticate", id: AUTHENTICATE_ID, token, ...(resume ? { resume } : {}) });
    };
    this.#socket.onmessage = (event) => this.#receive(event.data);
    this.#socket.onclose = (event) => this.#end(this.#closeInfo(event.code));
    this.#openTimer = setTimeout(() => this.#ready || this.#end(new CloseInfo()), OPEN_TIMEOUT_MS);
    this.#tickTimer = setInterval(() => this.#tick(), TICK_MS);
  }

  send(frame) {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#socket.send(JSON.stringify(frame));
    this.#unansweredSince ??= performance.now();
  }

  // Browsers do not expose WebSocket pings, so a lost connection is found by a command without an answer.
  probe() {
    if (!this.#ready || this.#probeTimer !== null) return;
    this.send({ type: "ping", id: PROBE_ID });
    this.#probeTimer = setTimeout(() => this.#end(new CloseInfo(null, "no answer")), PROBE_TIMEOUT_MS);
  }

  close() {
    this.#end(new CloseInfo(null, "closed by the client"));
  }

  #tick() {
    const now = performance.now();
    const slept = Date.now() - this.#tickedAt > SLEEP_MS;
    this.#tickedAt = Date.now();
    const unanswered = this.#unansweredSince !== null && now - this.#unansweredSince > ANSWER_MS;
    if (slept || unanswered || now - this.#receivedAt > this.#heartbeatMs) this.probe();
  }

  #receive(data) {
    if (this.#closed) return;
    this.#receivedAt = performance.now();
    this.#unansweredSince = null;
    clearTimeout(this.#probeTimer);
    this.#probeTimer = null;
    let received;
    try {
      received = JSON.parse(data);
    } catch {
      // Its frames are lost, so the next connection has to replay them.
      this.#end(new CloseInfo(null, "invalid JSON"));
      return;
    }
    for (const frame of Array.isArray(received) ? received : [received]) this.#dispatch(frame);
  }

  #dispatch(frame) {
    switch (frame.type) {
      case "hello":
        this.maxFrameBytes = frame.max_frame_bytes;
        this.#heartbeatMs = frame.heartbeat_ms;
        break;
      case "ready":
        this.#ready = true;
        this.#hooks.onReady(frame);
        break;
      case "goodbye":
        this.#goodbye = frame;
        break;
      default:
        if (frame.id === PROBE_ID) break;
        if (frame.type === "error" && frame.id === AUTHENTICATE_ID) this.#onAuthError(frame);
        else this.#hooks.onFrame(frame);
    }
  }

  #onAuthError(frame) {
    this.#authError = frame;
    // After an authentication error the server closes the connection with the code that explains it.
    if (!frame.code.startsWith("auth."))
      this.#end(new CloseInfo(null, frame.code, frame.retry_after_ms ?? 0));
  }

  #closeInfo(code) {
    if (this.#goodbye)
      return new CloseInfo(this.#goodbye.code, this.#goodbye.reason, this.#goodbye.retry_after_ms);
    if (this.#authError) return CloseInfo.fromAuthError(this.#authError.code);
    // The browser reports 1005 and 1006 itself: no close frame arrived.
    return new CloseInfo(code === 1005 || code === 1006 ? null : code);
  }

  #end(info) {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#openTimer);
    clearTimeout(this.#probeTimer);
    clearInterval(this.#tickTimer);
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    this.#hooks.onClosed(info);
  }
}
