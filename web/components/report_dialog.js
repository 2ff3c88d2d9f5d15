// Reports a post, comment, message or user to the moderators.

import { IdempotencyKey } from "../network/idempotency_key.js";
import { Dialog } from "./dialog.js";
import { element } from "./dom.js";
import { Field, Form } from "./form.js";
import { toast } from "./toast.js";

export function reportDialog(session, kind, id) {
  const idempotencyKey = new IdempotencyKey();
  const reason = new Field("reason", "Reason", {
    kind: "textarea",
    rows: 3,
    maxlength: 500,
    required: true,
  });
  const form = new Form([reason], {
    submit: "Report",
    send: async (values) => {
      const body = { kind, id, reason: values.reason.trim() };
      await session.api.post("/v1/reports", body, idempotencyKey.keyFor(body));
      dialog.close();
      toast("Report sent. Thank you.");
    },
  });
  const note = element("p", { class: "secondary" }, "Only moderators can see your report.");
  const dialog = new Dialog(`Report this ${kind}`, note, form.element).open();
}
