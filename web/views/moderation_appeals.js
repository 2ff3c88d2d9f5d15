// The appeals that wait for an answer, for moderators.

import { ACTION_LABELS, actionDialog } from "../components/action_dialog.js";
import { actionRow } from "../components/action_row.js";
import { Dialog } from "../components/dialog.js";
import { button, element } from "../components/dom.js";
import { Field, Form } from "../components/form.js";
import { moderationPage } from "../components/moderation_page.js";
import { PagedList } from "../components/paged_list.js";

// What takes an action back.
const OPPOSITES = { hide: "restore", silence: "unsilence", suspend: "unsuspend", ban: "unban" };

export function moderationAppealsView(session) {
  const list = new PagedList({
    read: (cursor) => session.api.get("/v1/admin/appeals", { cursor }),
    render: appealRow,
    empty: "No open appeals",
  });

  function appealRow(appeal) {
    const { action } = appeal;
    const opposite = OPPOSITES[action.type];
    const takeBack = (event) => {
      const { kind, target_id: id } = action;
      const pressed = event.currentTarget;
      actionDialog(session, { type: opposite, kind, id }, () => pressed.remove());
    };
    return actionRow(
      action,
      element("p", { class: "notice content", dir: "auto" }, appeal.content),
      element(
        "div",
        { class: "row wrap" },
        opposite && button(ACTION_LABELS[opposite], takeBack),
        button("Answer", () => answerDialog(session, appeal, () => list.remove(appeal.id)), { class: "primary" }),
      ),
    );
  }

  list.load();
  return moderationPage(session, "Appeals", list.element);
}

function answerDialog(session, appeal, onDone) {
  const accepted = element("input", { type: "checkbox" });
  const answer = new Field("answer", "Answer", {
    kind: "textarea",
    rows: 3,
    maxlength: 2000,
    required: true,
    hint: "The user sees it.",
  });
  const form = new Form([answer, element("label", { class: "check" }, accepted, "Accept the appeal")], {
    submit: "Send",
    send: async (values) => {
      const body = { accepted: accepted.checked, answer: values.answer.trim() };
      await session.api.put(`/v1/admin/appeals/${encodeURIComponent(appeal.id)}/answer`, body);
      dialog.close();
      onDone();
    },
  });
  const dialog = new Dialog("Answer this appeal", form.element).open();
}
