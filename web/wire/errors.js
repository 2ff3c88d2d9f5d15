// The two ways in which the server's answer is not what was asked for: it said no, or it said nothing.
// Neither ever claims that something was not done when that is not known.

export class Refused extends Error {
  constructor({
    status = 0,
    code = "server.error",
    detail = "",
    title = "",
    errors = [],
    retryAfterMs = null,
    retry = false,
  }) {
    super(detail || title || "The server refused.");
    this.status = status;
    this.code = code;
    this.errors = errors;
    this.retryAfterMs = retryAfterMs;
    this.retry = retry || retryAfterMs !== null;
  }

  get endsSession() {
    return this.code === "auth.required" || this.code === "auth.expired";
  }
}

export class Unreachable extends Error {
  constructor() {
    super("The server did not answer. Check your connection and try again.");
  }
}

// The connection to the server has ended for good: no answer will come.
export class Ended extends Error {
  constructor(reason) {
    super(reason);
  }
}
