// What moderators did to the user and the user's items, and the user's appeals.

import { actionRow } from "../components/action_row.js";
import { Dialog } from "../components/dialog.js";
import { button, element, setChildren } from "../components/dom.js";
import { Field, Form } from "../components/form.js";
import { PagedList } from "../components/paged_list.js";
import { IdempotencyKey } from "../network/idempotency_key.js";

export function ownActionsView(session) {
  const content = element("div", {});

  function load() {
    const list = new PagedList({
      read: (cursor) => session.api.get("/v1/users/me/moderation-actions", { cursor }),
      render: row,
      empty: "Moderators have done nothing that concerns you.",
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
        appeal.accepted ? "Accepted: " : "Declined: ",
        appeal.answer,
      );
    return actionRow(
      action,
      kind === "post" && element("a", { href: `#/post/${id}` }, "See the post"),
      kind === "event" && element("a", { href: `#/event/${id}` }, "See the event"),
      appeal && element("p", { class: "content", dir: "auto" }, "Your appeal: ", appeal.content),
      answer,
      !appeal && button("Appeal", () => appealDialog(session, action, load), { class: "plain" }),
    );
  }

  load();
  return {
    title: "Moderation",
    element: element(
      "section",
      { class: "column stack" },
      element("h1", { tabindex: "-1" }, "What moderators did"),
      content,
    ),
  };
}

function appealDialog(session, action, onDone) {
  const idempotencyKey = new IdempotencyKey();
  const text = new Field("content", "Why it is wrong", {
    kind: "textarea",
    rows: 5,
    maxlength: 2000,
    required: true,
    hint: "You can send one appeal against each action.",
  });
  const form = new Form([text], {
    submit: "Send appeal",
    send: async ({ content }) => {
      const body = { action_id: action.id, content: content.trim() };
      await session.api.post("/v1/appeals", body, idempotencyKey.keyFor(body));
      dialog.close();
      onDone();
    },
  });
  const dialog = new Dialog("Appeal", form.element).open();
}
