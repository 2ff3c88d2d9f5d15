// The errors of requests: the server refused, or no answer arrived. Without an answer it is unknown
// whether the request was carried out.

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
    super(detail || title || "Something went wrong. Try again.");
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
    super("Can't reach the server. Check your connection and try again.");
  }
}

// The session ended while the request waited: no answer will arrive.
export class Ended extends Error {
  constructor(reason) {
    super(reason);
  }
}
