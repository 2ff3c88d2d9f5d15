// Why a connection ended, and whether to reconnect. The range of the close code decides; only the texts
// depend on single codes.

// RFC 6455 codes for invalid data from this client: sending it again would fail again.
const CLIENT_ERRORS = new Set([1002, 1003, 1007, 1009, 1010]);
const SESSION_ENDED = new Set([4501, 4502, 4503]);

const LOGGED_OUT = "You were logged out, here or on another device.";
const TEXTS = {
  4500: "Something went wrong. Reload the page.",
  4501: LOGGED_OUT,
  4502: "Your session has expired. Log in again.",
  4503: LOGGED_OUT,
  4505: "You have too many open connections. Close some tabs or devices, then reconnect.",
  4506: "Connecting took too long.",
};

export class CloseInfo {
  constructor(code = null, reason = "", retryAfterMs = null) {
    this.code = code;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }

  // For a refused token: `code` is an `auth.*` error of a request or of `authenticate`.
  static fromAuthError(code) {
    return new CloseInfo(code === "auth.expired" ? 4502 : 4501);
  }

  get mayReconnect() {
    if (this.code === null) return true;
    return !(this.code >= 4500 && this.code <= 4999) && !CLIENT_ERRORS.has(this.code);
  }

  get endsSession() {
    return SESSION_ENDED.has(this.code);
  }

  get text() {
    return TEXTS[this.code] ?? "The server closed the connection.";
  }
}
