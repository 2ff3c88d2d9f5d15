// The comments of a post, oldest first, with replies below the comment that they reply to, and a composer. The
// author of a comment and the author of the post may delete it.
//
// `refresh()` shows what others have changed since.

import { t } from "../i18n.js";
import { ignoreMissing } from "../network/errors.js";
import { nameOf } from "../state/user_cards.js";
import { avatar } from "./avatar.js";
import { composer } from "./composer.js";
import { confirmDialog } from "./dialog.js";
import { button, element, setChildren } from "./dom.js";
import { hiddenNotice, hideItem } from "./hidden_notice.js";
import { likeButton } from "./like_button.js";
import { linkify } from "./linkify.js";
import { moreMenu } from "./menu.js";
import { PagedList } from "./paged_list.js";
import { safetyItems } from "./safety_items.js";
import { relativeTime } from "./time_format.js";
import { toastError } from "./toast.js";
import { userLink } from "./user_row.js";

const MAX_LENGTH = 280;

// `onCount(delta)` is called when a comment is added or deleted.
export function comments(session, post, onCount) {
  const path = `/v1/posts/${encodeURIComponent(post.id)}/comments`;
  const replies = new Map();
  const likes = new Map();
  const list = new PagedList({
    read: (cursor) => session.api.get(path, { cursor }),
    render: (comment) => {
      const like = likeButton(session, comment, `/v1/comments/${encodeURIComponent(comment.id)}`);
      likes.set(comment.id, like);
      const row = commentRow(session, post, comment, { removed, reply, like, outdated: () => list.load() });
      if (!comment.parent_id) replies.set(comment.id, row.querySelector(".replies"));
      return row;
    },
    empty: t("comments.none"),
    className: "list",
    place: (row, { parent_id: parentId }) => {
      replies.get(parentId)?.append(row);
      return replies.has(parentId);
    },
    update: ({ id, like_count: count }) => likes.get(id)?.setCount(count),
  });

  // Replies are deleted with their comment.
  function removed(comment) {
    const gone = replies.get(comment.id)?.childElementCount ?? 0;
    replies.delete(comment.id);
    list.remove(comment.id);
    onCount(-1 - gone);
  }

  function reply(comment, onSent) {
    return composer(session, {
      label: t("comments.reply_to", { name: nameOf(comment.author) }),
      maxLength: MAX_LENGTH,
      submit: t("common.reply"),
      rows: 1,
      draftKey: `reply:${comment.id}`,
      // The author of a reply is not notified of the next reply, but of being mentioned.
      text: comment.parent_id && !session.isMe(comment.author.id) ? `@${comment.author.username} ` : "",
      send: async (body, key) => {
        list.append(await session.api.post(path, { ...body, parent_id: comment.id }, key));
        onCount(1);
        onSent();
      },
    });
  }

  const write = composer(session, {
    label: t("comments.write"),
    maxLength: MAX_LENGTH,
    submit: t("comments.submit"),
    rows: 1,
    draftKey: `comment:${post.id}`,
    send: async (body, key) => {
      list.append(await session.api.post(path, body, key));
      onCount(1);
    },
  });
  list.load();
  return { elements: [list.element, write.element], refresh: () => list.refresh() };
}

function commentRow(session, post, comment, { removed, reply, like, outdated }) {
  const path = `/v1/comments/${encodeURIComponent(comment.id)}`;
  const replyArea = element("div", {});
  const replyButton = button(t("common.reply"), toggleReply, { class: "action", "aria-expanded": "false" });

  async function remove() {
    const text = comment.parent_id ? t("comments.delete_reply_hint") : t("comments.delete_hint");
    if (!(await confirmDialog(t("comments.delete_title"), text, t("common.delete")))) return;
    try {
      await session.api.delete(path).catch(ignoreMissing);
      removed(comment);
    } catch (error) {
      toastError(error);
    }
  }

  function toggleReply() {
    const isOpen = replyArea.childElementCount > 0;
    const write = isOpen ? null : reply(comment, toggleReply);
    setChildren(replyArea, write?.element);
    replyButton.setAttribute("aria-expanded", String(!isOpen));
    if (write) write.input.focus();
    else replyButton.focus();
  }

  const mine = session.isMe(comment.author.id);

  function menuItems() {
    const reported = { kind: "comment", id: comment.id, author: comment.author };
    return [
      (mine || session.isMe(post.author.id)) && [t("common.delete"), remove],
      ...(mine ? [] : safetyItems(session, reported, outdated)),
      session.isModerator && hideItem(session, "comment", comment, outdated),
    ].filter(Boolean);
  }

  return element(
    "div",
    { class: comment.parent_id ? "comment reply" : "comment" },
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
        like.element,
        replyButton,
        moreMenu(t("comments.actions"), menuItems),
      ),
      replyArea,
      !comment.parent_id && element("div", { class: "replies" }),
    ),
  );
}
