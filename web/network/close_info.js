// Why a connection ended, and whether to reconnect. The range of the close code decides; only the texts
// depend on single codes.

import { t } from "../i18n.js";

// RFC 6455 codes for invalid data from this client: sending it again would fail again.
const CLIENT_ERRORS = new Set([1002, 1003, 1007, 1009, 1010]);
const SESSION_ENDED = new Set([4501, 4502, 4503]);

const LOGGED_OUT = t("errors.logged_out");
const TEXTS = {
  4500: t("errors.reload"),
  4501: LOGGED_OUT,
  4502: t("errors.expired"),
  4503: LOGGED_OUT,
  4505: t("errors.too_many_connections"),
  4506: t("errors.connect_timeout"),
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
    return TEXTS[this.code] ?? t("errors.closed");
  }
}
