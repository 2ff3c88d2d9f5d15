// An action of moderators as a row of a list.

import { element } from "./dom.js";
import { formatDate, relativeTime } from "./time_format.js";

const NO_END = "9999";

export function actionRow(action, ...more) {
  const { type, kind, user, actor, reason, expires_at: end, created_at: createdAt } = action;
  const target = user && kind !== "user" ? `${kind} of @${user.username}` : user ? `@${user.username}` : kind;
  return element(
    "div",
    { class: "report-entry" },
    element("p", {}, element("strong", {}, type.replaceAll("_", " ")), " ", target),
    element("p", { class: "content", dir: "auto" }, reason),
    element(
      "p",
      { class: "secondary" },
      actor === undefined ? null : actor ? `by @${actor.username} · ` : "by the command line · ",
      relativeTime(createdAt),
      end && ` · until ${formatDate(end)}`,
    ),
    ...more,
  );
}

// `time` as the end of a restriction, for a sentence.
export function untilText(time) {
  return time.startsWith(NO_END) ? "without an end" : `until ${formatDate(time)}`;
}
