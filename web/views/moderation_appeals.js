// The appeals that wait for an answer, for moderators.

import { MODERATION_LABELS, moderationDialog } from "../components/moderation_dialog.js";
import { moderationActionRow } from "../components/moderation_action_row.js";
import { Dialog } from "../components/dialog.js";
import { button, element } from "../components/dom.js";
import { Field, Form } from "../components/form.js";
import { moderationPage } from "../components/moderation_page.js";
import { PagedList } from "../components/paged_list.js";
import { t } from "../i18n.js";

// What takes an action back.
const OPPOSITES = { hide: "restore", silence: "unsilence", suspend: "unsuspend", ban: "unban" };

export function moderationAppealsView(session) {
  const list = new PagedList({
    read: (cursor) => session.api.get("/v1/admin/appeals", { cursor }),
    render: appealRow,
    empty: t("moderation.no_appeals"),
  });

  function appealRow(appeal) {
    const { action } = appeal;
    const opposite = OPPOSITES[action.type];
    const takeBack = (event) => {
      const { kind, target_id: id } = action;
      const pressed = event.currentTarget;
      const onDone = () => {
        pressed.nextElementSibling.focus();
        pressed.remove();
      };
      moderationDialog(session, { type: opposite, kind, id }, onDone);
    };
    return moderationActionRow(
      action,
      element("p", { class: "notice content", dir: "auto" }, appeal.content),
      element(
        "div",
        { class: "row wrap" },
        opposite && button(MODERATION_LABELS[opposite], takeBack),
        button(
          t("moderation.give_answer"),
          () => answerDialog(session, appeal, () => list.remove(appeal.id)),
          { class: "primary" },
        ),
      ),
    );
  }

  list.load();
  return moderationPage(session, t("moderation.appeals"), list.element);
}

function answerDialog(session, appeal, onDone) {
  const accepted = element("input", { type: "checkbox" });
  const answer = new Field("answer", t("moderation.answer"), {
    kind: "textarea",
    rows: 3,
    maxlength: 2000,
    required: true,
    hint: t("moderation.user_sees_it"),
  });
  const form = new Form(
    [answer, element("label", { class: "check" }, accepted, t("moderation.accept_appeal"))],
    {
      submit: t("messages.send"),
      send: async (values) => {
        const body = { accepted: accepted.checked, answer: values.answer.trim() };
        await session.api.put(`/v1/admin/appeals/${encodeURIComponent(appeal.id)}/answer`, body);
        dialog.close();
        onDone();
      },
    },
  );
  const dialog = new Dialog(t("moderation.answer_appeal"), form.element).open();
}
