// One post with its comments and likes.

import { Dialog } from "../components/dialog.js";
import { button, element, errorText, setChildren, skeleton } from "../components/dom.js";
import { PagedList } from "../components/paged_list.js";
import { postCard } from "../components/post_card.js";
import { userRow } from "../components/user_row.js";
import { t } from "../i18n.js";
import { Scope } from "../state/signal.js";

export function postView(session, id) {
  const scope = new Scope();
  const path = `/v1/posts/${encodeURIComponent(id)}`;
  const content = element("div", { class: "stack" }, skeleton());
  let authorId = null;

  function showLikes() {
    const list = new PagedList({
      read: (cursor) => session.api.get(`${path}/likes`, { cursor }),
      render: (card) => userRow(card),
      empty: t("posts.no_likes"),
      className: "list",
    });
    list.load();
    new Dialog(t("posts.liked_by"), list.element).open();
  }

  async function load() {
    try {
      const post = await session.api.get(path);
      authorId = post.author.id;
      const card = postCard(session, post, { open: true });
      const likes = button(t("posts.see_likes"), showLikes, { class: "link start" });
      setChildren(content, element("div", { class: "list boxed" }, card), likes);
    } catch (error) {
      const missing = error.status === 404;
      const retry = button(t("common.try_again"), load, { class: "plain" });
      setChildren(content, errorText(missing ? t("posts.not_found") : error.message), !missing && retry);
    }
  }

  // A view that was left is kept, and must not lead away from the one that is shown.
  function leave() {
    if (content.isConnected) location.replace("#/");
    else setChildren(content, errorText(t("posts.not_found")));
  }

  scope.keep(session.postDeleted.on((postId) => postId === id && leave()));
  // Posts of blocked users do not exist for the user.
  scope.keep(session.relationships.changed.on((one) => one.blocked && one.userId === authorId && leave()));
  load();
  return {
    title: t("posts.post"),
    element: element(
      "section",
      { class: "column" },
      element("h1", { tabindex: "-1" }, t("posts.post")),
      content,
    ),
    close: () => scope.close(),
  };
}
