// What was said about a post, the oldest first, and a place to say something. One's own comments, and those
// about one's own post, may be deleted.

import { ago } from "./moments.js";
import { avatar } from "./avatar.js";
import { button, element } from "./dom.js";
import { Pages } from "./pages.js";
import { personLink } from "./person.js";
import { report } from "./report.js";
import { failed } from "./toast.js";
import { words } from "./words.js";
import { writing } from "./writing.js";

const MOST = 280;

// `count(by)` is told how many more there are.
export function comments(session, post, count) {
  const path = `/v1/posts/${encodeURIComponent(post.id)}/comments`;
  const pages = new Pages({
    read: (cursor) => session.api.get(path, { cursor }),
    render: (comment) => shown(session, post, comment, removed),
    empty: "No comments yet.",
    className: "list",
  });

  function removed(comment) {
    pages.remove(comment.id);
    count(-1);
  }

  const write = writing({
    label: "Write a comment",
    most: MOST,
    submit: "Comment",
    rows: 1,
    send: async (content, key) => {
      pages.putLast(await session.api.post(path, { content }, key));
      count(1);
    },
  });
  pages.begin();
  return [pages.element, write.element];
}

function shown(session, post, comment, removed) {
  async function remove() {
    try {
      await session.api.delete(`/v1/comments/${encodeURIComponent(comment.id)}`);
      removed(comment);
    } catch (error) {
      failed(error);
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
        personLink(comment.author),
        element("span", { class: "quiet when" }, ago(comment.created_at)),
      ),
      element("p", { class: "content", dir: "auto" }, words(comment.content)),
      element(
        "div",
        { class: "row actions" },
        (mine || session.isMe(post.author.id)) && button("Delete", remove, { class: "action" }),
        !mine && button("Report", () => report(session, "comment", comment.id), { class: "action" }),
      ),
    ),
  );
}
