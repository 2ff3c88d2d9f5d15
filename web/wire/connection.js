// One socket, from its opening to its end:
//
//     open -> authenticate (the first frame) -> ready -> frames both ways -> closed
//
// However it ends, `onClosed` is called once, with what the server said about coming back. It never comes
// back by itself and keeps nothing for the next one.

import { CloseInfo } from "./close_info.js";

const SUB_PROTOCOL = "convene.v1.json";
const AUTHENTICATE = "authenticate";
const PROBE = "probe";
const OPEN_MS = 15_000;
const TICK_MS = 5_000;
const PROBE_MS = 10_000;

export class Connection {
  #socket;
  #hooks;
  #timers = [];
  #closed = false;
  #goodbye = null;
  #refused = null;
  #ready = false;
  #heartbeatMs = 25_000;
  #heardAt = 0;
  #probedAt = null;

  // Hooks: onReady(frame), onFrame(frame), onClosed(closing).
  constructor(url, token, resume, hooks) {
    this.#hooks = hooks;
    this.maxFrameBytes = null;
    this.#socket = new WebSocket(url, SUB_PROTOCOL);
    this.#socket.onopen = () => {
      this.say({ type: "authenticate", id: AUTHENTICATE, token, ...(resume ? { resume } : {}) });
    };
    this.#socket.onmessage = (event) => this.#hear(event.data);
    this.#socket.onclose = (event) => this.#end(this.#closing(event.code));
    this.#timers.push(setTimeout(() => this.#ready || this.#end(new CloseInfo()), OPEN_MS));
    this.#timers.push(setInterval(() => this.#tick(), TICK_MS));
  }

  say(frame) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  // Is anybody there? Without an answer the connection is given up: a browser shows no pings.
  probe() {
    if (!this.#ready || this.#probedAt !== null) return;
    this.#probedAt = performance.now();
    this.say({ type: "ping", id: PROBE });
  }

  close() {
    this.#end(new CloseInfo(null, "left"));
  }

  #tick() {
    const now = performance.now();
    if (this.#probedAt !== null && now - this.#probedAt > PROBE_MS) this.#end(new CloseInfo(null, "silent"));
    else if (now - this.#heardAt > this.#heartbeatMs) this.probe();
  }

  #hear(data) {
    if (this.#closed) return;
    this.#heardAt = performance.now();
    this.#probedAt = null;
    let heard;
    try {
      heard = JSON.parse(data);
    } catch {
      // A frame was lost: the next connection brings it again.
      this.#end(new CloseInfo(null, "not readable"));
      return;
    }
    for (const frame of Array.isArray(heard) ? heard : [heard]) this.#take(frame);
  }

  #take(frame) {
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
        if (frame.id === PROBE) break;
        if (frame.type === "error" && frame.id === AUTHENTICATE) this.#refusedAs(frame);
        else this.#hooks.onFrame(frame);
    }
  }

  #refusedAs(frame) {
    this.#refused = frame;
    // After a 401 the server closes with the code that says why.
    if (!frame.code.startsWith("auth.")) this.#end(new CloseInfo(null, frame.code, frame.retry_after_ms ?? 0));
  }

  #closing(code) {
    if (this.#goodbye)
      return new CloseInfo(this.#goodbye.code, this.#goodbye.reason, this.#goodbye.retry_after_ms);
    if (this.#refused?.code === "auth.expired") return new CloseInfo(4502);
    if (this.#refused) return new CloseInfo(4501);
    // 1005 and 1006 are nobody's word: the browser's names for a connection that broke.
    return new CloseInfo(code === 1005 || code === 1006 ? null : code);
  }

  #end(closing) {
    if (this.#closed) return;
    this.#closed = true;
    this.#timers.forEach(clearTimeout);
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    this.#hooks.onClosed(closing);
  }
}
