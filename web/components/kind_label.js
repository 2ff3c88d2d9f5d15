// What the targets of moderators are called, in their pages.

import { t } from "../i18n.js";

const LABELS = {
  post: t("kinds.post"),
  comment: t("kinds.comment"),
  message: t("kinds.message"),
  user: t("kinds.user"),
  event: t("kinds.event"),
  report: t("kinds.report"),
  appeal: t("kinds.appeal"),
  registration: t("kinds.registration"),
  invite_code: t("kinds.invite_code"),
  username: t("kinds.username"),
  email_domain: t("kinds.email_domain"),
};

export function kindLabel(kind) {
  return LABELS[kind] ?? kind.replaceAll("_", " ");
}
