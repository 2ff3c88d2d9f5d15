// What kinds of contents and users are called, in the pages of moderators.

import { t } from "../i18n.js";

const LABELS = {
  post: t("kinds.post"),
  comment: t("kinds.comment"),
  message: t("kinds.message"),
  user: t("kinds.user"),
  event: t("kinds.event"),
};

export function kindLabel(kind) {
  return LABELS[kind] ?? kind;
}
