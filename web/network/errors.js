// The errors of requests: the server refused, or no answer arrived. Without an answer it is unknown
// whether the request was carried out.

import { t } from "../i18n.js";
import { errorTextOf, fieldErrorText } from "./error_text.js";

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
    super(errorTextOf(code, detail || title, retryAfterMs));
    this.status = status;
    this.code = code;
    this.errors = errors.map((one) => ({ ...one, detail: fieldErrorText(one) }));
    this.retryAfterMs = retryAfterMs;
    this.retry = retry || retryAfterMs !== null;
  }

  get endsSession() {
    return this.code === "auth.required" || this.code === "auth.expired";
  }
}

// For a deletion: what does not exist any more needs none.
export function ignoreMissing(error) {
  if (error.status !== 404) throw error;
}

export class Unreachable extends Error {
  constructor() {
    super(t("errors.unreachable"));
  }
}

// The session ended while the request waited: no answer will arrive.
export class Ended extends Error {
  constructor(reason) {
    super(reason);
  }
}
