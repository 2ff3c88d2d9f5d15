// Telling the moderators of something: why, in a few words. It never tells the one who is reported.

import { IdempotencyKey } from "../wire/idempotency_key.js";
import { Dialog } from "./dialog.js";
import { element } from "./dom.js";
import { Field, Form } from "./form.js";
import { toast } from "./toast.js";

export function report(session, kind, id) {
  const idempotencyKey = new IdempotencyKey();
  const reason = new Field("reason", "What is wrong with it?", {
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
      toast("Thank you. The moderators will look at it.");
    },
  });
  const words = element("p", { class: "quiet" }, "Only moderators read this.");
  const dialog = new Dialog(`Report this ${kind}`, words, form.element).open();
}
