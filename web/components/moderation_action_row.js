// An action of moderators as a row of a list.

import { t } from "../i18n.js";
import { MODERATION_LABELS } from "./moderation_dialog.js";
import { element } from "./dom.js";
import { kindLabel } from "./kind_label.js";
import { formatDate, relativeTime } from "./time_format.js";

const NO_END = "9999";
const LABELS = {
  ...MODERATION_LABELS,
  verify: t("moderation.verify"),
  unverify: t("moderation.unverify"),
  make_admin: t("moderation.make_admin"),
  make_moderator: t("moderation.make_moderator"),
  remove_role: t("moderation.remove_role"),
  approve: t("moderation.approve"),
  decline: t("common.decline"),
  create_invite: t("moderation.create"),
  delete_invite: t("common.delete"),
  block_name: t("moderation.block"),
  unblock_name: t("moderation.unblock"),
  assign: t("moderation.assign"),
  unassign: t("moderation.unassign"),
  resolve: t("moderation.resolve"),
  accept_appeal: t("common.accept"),
  decline_appeal: t("common.decline"),
};

export function moderationActionRow(action, ...more) {
  const { type, kind, user, actor, reason, expires_at: end, created_at: createdAt } = action;
  return element(
    "div",
    { class: "report-entry" },
    element(
      "p",
      {},
      // Later versions of the server have other types.
      element("strong", {}, LABELS[type] ?? type.replaceAll("_", " ")),
      " ",
      targetOf(kind, user),
    ),
    element("p", { class: "content", dir: "auto" }, reason),
    element(
      "p",
      { class: "secondary" },
      actor === undefined ? null : `${actorOf(actor)} · `,
      relativeTime(createdAt),
      end && ` · ${untilText(end)}`,
    ),
    ...more,
  );
}

function targetOf(kind, user) {
  if (!user) return kindLabel(kind);
  const { username } = user;
  if (kind === "user") return `@${username}`;
  return t("moderation.action_on_content", { kind: kindLabel(kind), username });
}

function actorOf(actor) {
  if (!actor) return t("moderation.action_by_command");
  return t("moderation.action_by", { username: actor.username });
}

// `time` as the end of a restriction, for a sentence.
export function untilText(time) {
  if (time.startsWith(NO_END)) return t("moderation.until_never");
  return t("moderation.action_until", { date: formatDate(time) });
}
