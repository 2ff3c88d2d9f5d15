// One post with its actions. A repost shows its original, with the actions of that.

import { t, tParts } from "../i18n.js";
import { ignoreMissing } from "../network/errors.js";
import { avatar } from "./avatar.js";
import { confirmDialog } from "./dialog.js";
import { button, element, oneAtATime, setChildren, visuallyHidden } from "./dom.js";
import { hiddenNotice, hideItem } from "./hidden_notice.js";
import { icon } from "./icons.js";
import { likeButton } from "./like_button.js";
import { linkify } from "./linkify.js";
import { moreMenu } from "./menu.js";
import { whileOnScreen } from "./on_screen.js";
import { quotedPost, repostButton } from "./repost_button.js";
import { safetyItems } from "./safety_items.js";
import { relativeTime } from "./time_format.js";
import { toastError } from "./toast.js";
import { userLink } from "./user_row.js";

// The time in which the server accepts edits.
const EDIT_WINDOW_MS = 15 * 60 * 1000;

// `open`: shows the comments.
export function postCard(session, post, { open = false } = {}) {
  if (!post.repost_of || post.content) return card(session, post, { open });
  const mine = session.isMe(post.author.id);
  return element(
    "div",
    { class: "repost" },
    element(
      "p",
      { class: "row secondary reposted-by" },
      icon("repost"),
      mine ? t("posts.you_reposted") : tParts("posts.reposted", { name: userLink(post.author) }),
    ),
    card(session, post.repost_of, { open, repostId: post.id, isOwnRepost: mine }),
  );
}

// `repostId`: the repost that shows the post.
function card(session, post, { open, repostId = null, isOwnRepost = false }) {
  const commentsArea = element("div", { class: "comments" });
  const path = `/v1/posts/${encodeURIComponent(post.id)}`;
  let commentCount = post.comment_count;
  let isOpen = false;
  let shownComments = null;

  const commentButton = element("button", {
    type: "button",
    class: "action",
    "aria-expanded": "false",
    onclick: toggleComments,
  });

  function count(delta) {
    showCommentCount(Math.max(0, commentCount + delta));
  }

  function showCommentCount(known) {
    commentCount = known;
    setChildren(
      commentButton,
      icon("comment"),
      element("span", {}, commentCount),
      visuallyHidden(` ${t("posts.comments", { count: commentCount })}`),
    );
  }

  async function toggleComments() {
    isOpen = !isOpen;
    commentButton.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) {
      await showComments().catch(toastError);
    } else {
      shownComments = null;
      setChildren(commentsArea);
    }
  }

  async function showComments() {
    const { comments } = await import("./comments.js");
    if (!isOpen || shownComments !== null) return;
    shownComments = comments(session, post, count);
    setChildren(commentsArea, shownComments.elements);
  }

  async function remove() {
    const text = t("posts.delete_hint");
    if (!(await confirmDialog(t("posts.delete_title"), text, t("common.delete")))) return;
    try {
      await session.api.delete(path).catch(ignoreMissing);
      session.postDeleted.emit(post.id);
      if (repostId !== null) session.postDeleted.emit(repostId);
    } catch (error) {
      toastError(error);
    }
  }

  const text = element("p", { class: "content", dir: "auto" });
  const editedMark = element("span", {});

  function show(state) {
    post = state;
    setChildren(text, linkify(post.content, { tags: true }));
    const history = () => openDialog(({ postHistoryDialog }) => postHistoryDialog(session, post));
    setChildren(
      editedMark,
      post.edited_at && button(t("posts.edited"), history, { class: "link secondary" }),
    );
  }

  function menuItems() {
    const isMine = session.isMe(post.author.id);
    const isEditable = isMine && Date.now() - Date.parse(post.created_at) < EDIT_WINDOW_MS;
    return [
      isEditable && [
        t("common.edit"),
        () => openDialog(({ postEditDialog }) => postEditDialog(session, post, show)),
      ],
      isMine && [t("common.delete"), remove],
      ...(isMine ? [] : safetyItems(session, { kind: "post", id: post.id, author: post.author })),
      session.isModerator && hideItem(session, "post", post, replace),
    ].filter(Boolean);
  }

  const like = likeButton(session, post, path);
  const repost = repostButton(session, post, path, () => isOwnRepost && session.postDeleted.emit(repostId));

  // Likes of comments change no count of the post.
  function showCounts(counts, { hasChanged }) {
    like.setCount(counts.like_count);
    repost.setCount(counts.repost_count);
    if (hasChanged || counts.comment_count !== commentCount) shownComments?.refresh();
    if (counts.comment_count !== commentCount) showCommentCount(counts.comment_count);
  }

  show(post);
  count(0);
  if (open) toggleComments();
  const card = element(
    "article",
    { class: "post" },
    avatar(post.author),
    element(
      "div",
      { class: "grow" },
      element(
        "header",
        { class: "row" },
        userLink(post.author),
        element("span", { class: "secondary handle" }, `@${post.author.username}`),
        element(
          "a",
          { href: `#/post/${post.id}`, class: "secondary timestamp" },
          relativeTime(post.created_at),
        ),
        post.visibility === "followers" && followersMark(),
        editedMark,
      ),
      hiddenNotice(post),
      text,
      post.repost_of && quotedPost(post.repost_of),
      post.event_id &&
        element(
          "a",
          { href: `#/event/${post.event_id}`, class: "attached-event" },
          icon("event"),
          t("posts.view_event"),
        ),
      element(
        "footer",
        { class: "row actions" },
        like.element,
        commentButton,
        repost.elements,
        bookmarkButton(session, post, path),
        moreMenu(t("posts.actions"), menuItems),
      ),
      commentsArea,
    ),
  );

  // Moderators have hidden or restored the post.
  async function replace() {
    try {
      const next = postCard(session, await session.api.get(path), { open: isOpen });
      next.dataset.key = card.dataset.key ?? "";
      card.replaceWith(next);
    } catch (error) {
      toastError(error);
    }
  }

  whileOnScreen(
    card,
    () => session.postCounts.show(post.id, showCounts),
    () => session.postCounts.hide(post.id, showCounts),
  );
  return card;
}

function openDialog(open) {
  import("./post_edit_dialog.js").then(open).catch(toastError);
}

function followersMark() {
  const label = t("posts.followers_only");
  return element("span", { class: "lock", role: "img", "aria-label": label, title: label }, icon("lock"));
}

function bookmarkButton(session, post, path) {
  let kept = post.bookmarked_by_me;
  const bookmark = element(
    "button",
    { type: "button", class: "action bookmark", onclick: oneAtATime(toggle) },
    icon("bookmark"),
  );

  function show() {
    bookmark.setAttribute("aria-pressed", String(kept));
    bookmark.title = kept ? t("posts.bookmarked") : t("posts.bookmark");
    bookmark.setAttribute("aria-label", bookmark.title);
  }

  async function toggle() {
    try {
      await (kept ? session.api.delete(`${path}/bookmark`) : session.api.put(`${path}/bookmark`));
      kept = !kept;
      show();
    } catch (error) {
      toastError(error);
    }
  }

  show();
  return bookmark;
}
