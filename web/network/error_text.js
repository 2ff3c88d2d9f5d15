// The texts of the server's errors in the language of the client: the server has them in English.

import { currentLanguage, SERVER_LANGUAGE, t } from "../i18n.js";

// Codes that a user may cause. The English texts of the server say more, so English has them instead.
const TEXTS = {
  "event.full": t("refused.event_full"),
  "event.past": t("refused.event_past"),
  "event.cancelled": t("refused.event_cancelled"),
  "event.hosts_full": t("refused.hosts_full"),
  "event.capacity_below_going": t("refused.capacity_below_going"),
  "auth.invalid_credentials": t("refused.invalid_credentials"),
  "auth.password_required": t("settings.enter_password"),
  "permission.denied": t("refused.permission_denied"),
  "user.not_found": t("refused.user_not_found"),
  "rsvp.not_found": t("refused.rsvp_not_found"),
  "user.email_taken": t("refused.email_taken"),
  "user.username_taken": t("refused.username_taken"),
  "user.name_blocked": t("refused.name_blocked"),
  "user.blocked": t("refused.user_blocked"),
  "user.silenced": t("refused.user_silenced"),
  "user.suspended": t("refused.user_suspended"),
  "registration.invite_required": t("refused.invite_required"),
  "registration.limit": t("refused.registration_limit"),
  "conversation.full": t("refused.conversation_full"),
  "conversation.limit": t("refused.conversation_limit"),
  "conversation.read_only": t("refused.conversation_read_only"),
  "message.deleted": t("refused.message_deleted"),
  "post.not_editable": t("refused.post_not_editable"),
  "bookmark.limit": t("refused.bookmark_limit"),
  "tag.limit": t("refused.tag_limit"),
  "follow.limit": t("refused.follow_limit"),
  "block.limit": t("refused.block_limit"),
  "mute.limit": t("refused.mute_limit"),
  "follow_request.limit": t("refused.follow_request_limit"),
  "appeal.exists": t("refused.appeal_exists"),
  "action.no_effect": t("refused.no_effect"),
  "role.last_admin": t("refused.last_admin"),
  "password_reset.not_found": t("refused.link_invalid"),
  "email_verification.not_found": t("refused.link_invalid"),
  "email_change.not_found": t("refused.link_invalid"),
  "request.too_large": t("refused.too_large"),
  "request.invalid": t("refused.request_invalid"),
  "request.timeout": t("errors.unreachable"),
  "server.overloaded": t("refused.overloaded"),
  "server.unavailable": t("refused.unavailable"),
  "server.error": t("refused.server_error"),
};

// Of codes without a text above, by what follows the noun.
const KIND_TEXTS = { not_found: t("refused.not_found"), limit: t("refused.limit") };

// Of fields, by their code. What is `invalid` depends on the field.
const FIELD_TEXTS = {
  required: t("refused.field_required"),
  too_short: t("refused.field_too_short"),
  too_long: t("refused.field_too_long"),
  too_many: t("refused.field_too_many"),
  too_common: t("refused.password_too_common"),
  reserved: t("refused.username_reserved"),
  blocked: t("refused.email_domain_blocked"),
};
const INVALID_TEXTS = {
  email: t("refused.email_invalid"),
  username: t("refused.username_invalid"),
  url: t("refused.url_invalid"),
};

export function errorTextOf(code, detail, retryAfterMs) {
  // The text of the server names a field of the answer, which people do not see.
  if (code === "rate.limited") return rateLimitText(retryAfterMs);
  const text = withoutCodeMarks(detail) || t("errors.unknown");
  if (currentLanguage() === SERVER_LANGUAGE) return text;
  return TEXTS[code] ?? KIND_TEXTS[code.split(".")[1]] ?? text;
}

export function fieldErrorText({ field, code, detail }) {
  if (currentLanguage() === SERVER_LANGUAGE) return withoutCodeMarks(detail);
  return FIELD_TEXTS[code] ?? INVALID_TEXTS[field] ?? t("refused.field_invalid");
}

// The texts of the server mark names of the API with backticks, for developers.
function withoutCodeMarks(detail) {
  return (detail ?? "").replaceAll("`", "");
}

function rateLimitText(retryAfterMs) {
  if (!retryAfterMs) return t("refused.rate_limited");
  const seconds = Math.ceil(retryAfterMs / 1000);
  if (seconds < 90) return t("errors.rate_limited_seconds", { count: seconds });
  return t("errors.rate_limited_minutes", { count: Math.ceil(seconds / 60) });
}
