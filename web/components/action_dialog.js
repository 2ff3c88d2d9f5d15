// Asks a moderator for the reason of an action on an item or a user, and for its end, and does it.
// `onDone(action)` is called afterwards.

import { IdempotencyKey } from "../network/idempotency_key.js";
import { Dialog } from "./dialog.js";
import { Field, Form, selectField } from "./form.js";
import { toast } from "./toast.js";

const DAY_MS = 24 * 3600 * 1000;
const DURATIONS = {
  day: ["For a day", DAY_MS],
  week: ["For a week", 7 * DAY_MS],
  month: ["For 30 days", 30 * DAY_MS],
  always: ["Without an end", null],
};

export const ACTION_LABELS = {
  hide: "Hide",
  restore: "Restore",
  warn: "Warn",
  silence: "Silence",
  unsilence: "End silence",
  suspend: "Suspend",
  unsuspend: "End suspension",
  ban: "Ban",
  unban: "Lift ban",
};

export function actionDialog(session, { type, kind, id, reportId = null }, onDone) {
  const idempotencyKey = new IdempotencyKey();
  const reason = new Field("reason", "Reason", {
    kind: "textarea",
    rows: 3,
    maxlength: 500,
    required: true,
    hint: kind === "user" ? "The user is notified." : "The author is notified.",
  });
  const fields = [reason];
  if (type === "silence" || type === "suspend") fields.push(selectField("duration", "How long", DURATIONS));
  const form = new Form(fields, {
    submit: ACTION_LABELS[type],
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
      toast("Done. The action is in the audit log.");
      onDone(action);
    },
  });
  const dialog = new Dialog(`${ACTION_LABELS[type]} this ${kind}?`, form.element).open();
}
