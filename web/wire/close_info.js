// Why a connection ended, and whether one may come back the same way. The ranges of the close codes are
// the policy; only the words look at single codes. It never waits.

// Codes of RFC 6455 that say that what we sent was wrong: sent again it would be wrong again.
const OWN_FAULTS = new Set([1002, 1003, 1007, 1009, 1010]);
const UNKNOWN_SESSION = new Set([4501, 4502, 4503]);

const WORDS = {
  4500: "The server could not read what this page sent. Reload the page.",
  4501: "You are not logged in any more.",
  4502: "Your login has expired.",
  4503: "This login was ended, here or on another device.",
  4505: "You have too many open connections. Close some tabs or devices, then connect again.",
  4506: "Logging in to the live connection took too long.",
};

export class CloseInfo {
  constructor(code = null, reason = "", retryAfterMs = null) {
    this.code = code;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }

  get mayReturn() {
    if (this.code === null) return true;
    return !(this.code >= 4500 && this.code <= 4999) && !OWN_FAULTS.has(this.code);
  }

  get endsSession() {
    return UNKNOWN_SESSION.has(this.code);
  }

  get words() {
    return WORDS[this.code] ?? "The live connection was closed by the server.";
  }
}
