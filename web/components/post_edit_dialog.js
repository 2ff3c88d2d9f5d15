// Edits a post of the user, and shows its former texts.

import { t } from "../i18n.js";
import { UserNames } from "../state/user_names.js";
import { Dialog } from "./dialog.js";
import { element } from "./dom.js";
import { Field, Form } from "./form.js";
import { linkify } from "./linkify.js";
import { MentionSuggestions } from "./mention_suggestions.js";
import { PagedList } from "./paged_list.js";
import { relativeTime } from "./time_format.js";

// `onEdited(post)` is called with the new state.
export function postEditDialog(session, post, onEdited) {
  const content = new Field("content", t("posts.text"), {
    kind: "textarea",
    rows: 4,
    required: true,
    value: post.content,
  });
  const mentions = new MentionSuggestions(new UserNames(session.api, session.user.id), content.input);
  content.input.addEventListener("keydown", (event) => mentions.onKey(event));
  const form = new Form([content, mentions.element], {
    submit: t("common.save"),
    send: async (values) => {
      const body = { content: values.content.trim() };
      onEdited(await session.api.patch(`/v1/posts/${encodeURIComponent(post.id)}`, body));
      dialog.close();
    },
  });
  const text = t("posts.edit_hint");
  const note = element("p", { class: "secondary" }, text);
  const dialog = new Dialog(t("posts.edit_title"), note, form.element).open();
}

export function postHistoryDialog(session, post) {
  const list = new PagedList({
    read: (cursor) => session.api.get(`/v1/posts/${encodeURIComponent(post.id)}/history`, { cursor }),
    render: ({ content, created_at: createdAt }) =>
      element(
        "div",
        { class: "comment" },
        element(
          "div",
          { class: "grow" },
          element("span", { class: "secondary timestamp" }, relativeTime(createdAt)),
          element("p", { class: "content", dir: "auto" }, linkify(content, { tags: true })),
        ),
      ),
    empty: t("posts.no_former_texts"),
    className: "list",
  });
  list.load();
  new Dialog(t("posts.former_texts"), list.element).open();
}
