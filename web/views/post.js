// One post with its comments and who likes it.

import { Dialog } from "../parts/dialog.js";
import { button, element, fill } from "../parts/dom.js";
import { Pages } from "../parts/pages.js";
import { personRow } from "../parts/person.js";
import { postCard } from "../parts/post_card.js";

export function postView(session, id) {
  const path = `/v1/posts/${encodeURIComponent(id)}`;
  const place = element("div", { class: "stack" }, element("p", { class: "quiet" }, "Loading…"));

  function likes() {
    const pages = new Pages({
      read: (cursor) => session.api.get(`${path}/likes`, { cursor }),
      render: (card) => personRow(card),
      empty: "Nobody yet.",
      className: "list",
    });
    pages.begin();
    new Dialog("Liked by", pages.element).open();
  }

  async function load() {
    try {
      const post = await session.api.get(path);
      const card = postCard(session, post, { open: true, onDeleted: () => location.replace("#/") });
      fill(
        place,
        element("div", { class: "list boxed" }, card),
        button("Who likes this?", likes, { class: "plain" }),
      );
    } catch (error) {
      const words = error.status === 404 ? "This post is not there (any more)." : error.message;
      fill(
        place,
        element("p", { class: "trouble", role: "alert" }, words),
        error.status !== 404 && button("Try again", load, { class: "plain" }),
      );
    }
  }

  load();
  return {
    title: "Post",
    element: element("section", { class: "column" }, element("h1", { tabindex: "-1" }, "Post"), place),
  };
}
