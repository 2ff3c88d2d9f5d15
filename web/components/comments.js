// The comments of a post, oldest first, and a composer. The author of a comment and the author of the post
// may delete it.

import { avatar } from "./avatar.js";
import { composer } from "./composer.js";
import { button, element } from "./dom.js";
import { hiddenNotice, hideButton } from "./hidden_notice.js";
import { linkify } from "./linkify.js";
import { PagedList } from "./paged_list.js";
import { reportDialog } from "./report_dialog.js";
import { relativeTime } from "./time_format.js";
import { toastError } from "./toast.js";
import { userLink } from "./user_row.js";

const MAX_LENGTH = 280;

// `onCount(delta)` is called when a comment is added or deleted.
export function comments(session, post, onCount) {
  const path = `/v1/posts/${encodeURIComponent(post.id)}/comments`;
  const list = new PagedList({
    read: (cursor) => session.api.get(path, { cursor }),
    render: (comment) => commentRow(session, post, comment, removed, () => list.load()),
    empty: "No comments yet",
    className: "list",
  });

  function removed(comment) {
    list.remove(comment.id);
    onCount(-1);
  }

  const write = composer({
    label: "Write a comment",
    maxLength: MAX_LENGTH,
    submit: "Comment",
    rows: 1,
    drafts: session.drafts,
    draftKey: `comment:${post.id}`,
    send: async (content, key) => {
      list.append(await session.api.post(path, { content }, key));
      onCount(1);
    },
  });
  list.load();
  return [list.element, write.element];
}

function commentRow(session, post, comment, removed, moderated) {
  async function remove() {
    try {
      await session.api.delete(`/v1/comments/${encodeURIComponent(comment.id)}`);
      removed(comment);
    } catch (error) {
      toastError(error);
    }
  }

  const mine = session.isMe(comment.author.id);
  return element(
    "div",
    { class: "comment" },
    avatar(comment.author, { size: "small", dot: false }),
    element(
      "div",
      { class: "grow" },
      element(
        "div",
        { class: "row" },
        userLink(comment.author),
        element("span", { class: "secondary timestamp" }, relativeTime(comment.created_at)),
      ),
      hiddenNotice(comment),
      element("p", { class: "content", dir: "auto" }, linkify(comment.content, { tags: true })),
      element(
        "div",
        { class: "row actions" },
        (mine || session.isMe(post.author.id)) && button("Delete", remove, { class: "action" }),
        !mine && button("Report", () => reportDialog(session, "comment", comment.id), { class: "action" }),
        hideButton(session, "comment", comment, moderated),
      ),
    ),
  );
}
