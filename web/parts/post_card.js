// One post: who said it, what, and what one may do with it. A like shows at once and is taken back when
// the server says no. It never holds more of the post than the server told.

import { ago } from "./moments.js";
import { avatar } from "./avatar.js";
import { comments } from "./comments.js";
import { agreed } from "./dialog.js";
import { button, element, fill, hidden } from "./dom.js";
import { icon } from "./icons.js";
import { personLink } from "./person.js";
import { report } from "./report.js";
import { failed } from "./toast.js";
import { words } from "./words.js";

// `onDeleted(post)` when one's own is gone; `open` shows the comments at idempotencyKey.
export function postCard(session, post, { onDeleted = () => null, open = false } = {}) {
  const place = element("div", { class: "comments" });
  const path = `/v1/posts/${encodeURIComponent(post.id)}`;
  let told = post.comment_count;
  let shown = false;

  const commenting = element("button", {
    type: "button",
    class: "action",
    "aria-expanded": "false",
    onclick: toggle,
  });

  function count(by) {
    told = Math.max(0, told + by);
    fill(
      commenting,
      icon("comment"),
      element("span", {}, told),
      hidden(told === 1 ? " comment" : " comments"),
    );
  }

  function toggle() {
    shown = !shown;
    commenting.setAttribute("aria-expanded", String(shown));
    fill(place, shown && comments(session, post, count));
  }

  async function remove() {
    if (!(await agreed("Delete this post?", "Its likes and comments go with it.", "Delete"))) return;
    try {
      await session.api.delete(path);
      onDeleted(post);
    } catch (error) {
      failed(error);
    }
  }

  count(0);
  if (open) toggle();
  const mine = session.isMe(post.author.id);
  return element(
    "article",
    { class: "post" },
    avatar(post.author),
    element(
      "div",
      { class: "grow" },
      element(
        "header",
        { class: "row" },
        personLink(post.author),
        element("span", { class: "quiet handle" }, `@${post.author.username}`),
        element("a", { href: `#/post/${post.id}`, class: "quiet when" }, ago(post.created_at)),
      ),
      element("p", { class: "content", dir: "auto" }, words(post.content)),
      post.event_id &&
        element(
          "a",
          { href: `#/event/${post.event_id}`, class: "attached" },
          icon("event"),
          "About an event",
        ),
      element(
        "footer",
        { class: "row actions" },
        likeButton(session, post, path),
        commenting,
        mine
          ? button("Delete", remove, { class: "action" })
          : button("Report", () => report(session, "post", post.id), { class: "action" }),
      ),
      place,
    ),
  );
}

function likeButton(session, post, path) {
  let liked = post.liked_by_me;
  let count = post.like_count;
  const made = element("button", { type: "button", class: "action like", onclick: toggle });

  function show() {
    made.setAttribute("aria-pressed", String(liked));
    fill(made, icon("heart"), element("span", {}, count), hidden(count === 1 ? " like" : " likes"));
  }

  function turn() {
    liked = !liked;
    count = Math.max(0, count + (liked ? 1 : -1));
    show();
  }

  async function toggle() {
    turn();
    made.disabled = true;
    try {
      await (liked ? session.api.put(`${path}/like`) : session.api.delete(`${path}/like`));
    } catch (error) {
      turn();
      failed(error);
    }
    made.disabled = false;
  }

  show();
  return made;
}
