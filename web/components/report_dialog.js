// Reports a post, comment, message or user to the moderators.

import { t } from "../i18n.js";
import { IdempotencyKey } from "../network/idempotency_key.js";
import { Dialog } from "./dialog.js";
import { element } from "./dom.js";
import { Field, Form } from "./form.js";
import { toast } from "./toast.js";

const TITLES = {
  post: t("reports.post"),
  comment: t("reports.comment"),
  message: t("reports.message"),
  user: t("reports.user"),
};

export function reportDialog(session, kind, id) {
  const idempotencyKey = new IdempotencyKey();
  const reason = new Field("reason", t("common.reason"), {
    kind: "textarea",
    rows: 3,
    maxlength: 500,
    required: true,
  });
  const form = new Form([reason], {
    submit: t("common.report"),
    send: async (values) => {
      const body = { kind, id, reason: values.reason.trim() };
      await session.api.post("/v1/reports", body, idempotencyKey.keyFor(body));
      dialog.close();
      toast(t("reports.sent"));
    },
  });
  const note = element("p", { class: "secondary" }, t("reports.hint"));
  const dialog = new Dialog(TITLES[kind], note, form.element).open();
}
