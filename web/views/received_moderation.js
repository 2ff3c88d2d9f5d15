// What moderators did to the user and the user's items, and the user's appeals.

import { moderationActionRow } from "../components/moderation_action_row.js";
import { Dialog } from "../components/dialog.js";
import { button, element, setChildren } from "../components/dom.js";
import { Field, Form } from "../components/form.js";
import { PagedList } from "../components/paged_list.js";
import { t } from "../i18n.js";
import { IdempotencyKey } from "../network/idempotency_key.js";

export function receivedModerationView(session) {
  const content = element("div", {});

  function load() {
    const list = new PagedList({
      read: (cursor) => session.api.get("/v1/users/me/moderation-actions", { cursor }),
      render: row,
      empty: t("moderation.nothing_done"),
    });
    setChildren(content, list.element);
    list.load();
  }

  function row(action) {
    const { appeal, kind, target_id: id } = action;
    const answer =
      appeal?.answered_at &&
      element(
        "p",
        { class: "notice content", dir: "auto" },
        appeal.accepted
          ? t("moderation.appeal_accepted", { answer: appeal.answer })
          : t("moderation.appeal_declined", { answer: appeal.answer }),
      );
    return moderationActionRow(
      action,
      kind === "post" && element("a", { href: `#/post/${id}` }, t("moderation.see_post")),
      kind === "event" && element("a", { href: `#/event/${id}` }, t("moderation.see_event")),
      appeal &&
        element(
          "p",
          { class: "content", dir: "auto" },
          t("moderation.your_appeal", { content: appeal.content }),
        ),
      answer,
      !appeal &&
        button(t("moderation.appeal"), () => appealDialog(session, action, load), { class: "plain" }),
    );
  }

  load();
  return {
    title: t("moderation.title"),
    element: element(
      "section",
      { class: "column stack" },
      element("h1", { tabindex: "-1" }, t("moderation.what_was_done")),
      content,
    ),
  };
}

function appealDialog(session, action, onDone) {
  const idempotencyKey = new IdempotencyKey();
  const text = new Field("content", t("moderation.why_wrong"), {
    kind: "textarea",
    rows: 5,
    maxlength: 2000,
    required: true,
    hint: t("moderation.one_appeal"),
  });
  const form = new Form([text], {
    submit: t("moderation.send_appeal"),
    send: async ({ content }) => {
      const body = { action_id: action.id, content: content.trim() };
      await session.api.post("/v1/appeals", body, idempotencyKey.keyFor(body));
      dialog.close();
      onDone();
    },
  });
  const dialog = new Dialog(t("moderation.appeal"), form.element).open();
}
