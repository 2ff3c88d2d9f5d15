// Asks a moderator for the reason of an action on an item or a user, and for its end, and does it.
// `onDone(action)` is called afterwards.

import { t } from "../i18n.js";
import { IdempotencyKey } from "../network/idempotency_key.js";
import { Dialog } from "./dialog.js";
import { Field, Form, selectField } from "./form.js";
import { kindLabel } from "./kind_label.js";
import { toast } from "./toast.js";

const DAY_MS = 24 * 3600 * 1000;
const DURATIONS = {
  day: [t("moderation.for_a_day"), DAY_MS],
  week: [t("moderation.for_a_week"), 7 * DAY_MS],
  month: [t("moderation.for_30_days"), 30 * DAY_MS],
  always: [t("moderation.without_end"), null],
};

export const MODERATION_LABELS = {
  hide: t("moderation.hide"),
  restore: t("moderation.restore"),
  warn: t("moderation.warn"),
  silence: t("moderation.silence"),
  unsilence: t("moderation.unsilence"),
  suspend: t("moderation.suspend"),
  unsuspend: t("moderation.unsuspend"),
  ban: t("moderation.ban"),
  unban: t("moderation.unban"),
};

export function moderationDialog(session, { type, kind, id, reportId = null }, onDone) {
  const idempotencyKey = new IdempotencyKey();
  const reason = new Field("reason", t("common.reason"), {
    kind: "textarea",
    rows: 3,
    maxlength: 500,
    required: true,
    hint: kind === "user" ? t("moderation.user_is_notified") : t("moderation.author_is_notified"),
  });
  const fields = [reason];
  if (type === "silence" || type === "suspend")
    fields.push(selectField("duration", t("moderation.how_long"), DURATIONS));
  const form = new Form(fields, {
    submit: MODERATION_LABELS[type],
    destructive: ["hide", "suspend", "ban"].includes(type),
    send: async (values) => {
      const body = { type, kind, id, reason: values.reason.trim() };
      if (reportId !== null) body.report_id = reportId;
      const durationMs = values.duration === undefined ? null : DURATIONS[values.duration][1];
      // Rounded up to a minute, so that a repeated request is the same.
      if (durationMs !== null)
        body.expires_at = new Date(Math.ceil((Date.now() + durationMs) / 60_000) * 60_000).toISOString();
      const key = idempotencyKey.keyFor(body);
      const action = await session.api.post("/v1/admin/actions", body, key);
      dialog.close();
      toast(t("moderation.done"));
      onDone(action);
    },
  });
  const dialog = new Dialog(
    t("moderation.confirm_action", { action: MODERATION_LABELS[type], target: kindLabel(kind) }),
    form.element,
  ).open();
}
