// The posts with a tag, newest first.

import { element, emptyState } from "../components/dom.js";
import { PagedList } from "../components/paged_list.js";
import { postCard } from "../components/post_card.js";
import { Scope } from "../state/signal.js";

export function tagView(session, tag) {
  const scope = new Scope();
  const posts = new PagedList({
    read: (cursor) => session.api.get(`/v1/tags/${encodeURIComponent(tag)}/posts`, { cursor }),
    render: (post) => postCard(session, post),
    empty: emptyState(
      "No posts with this tag yet.",
      element("a", { href: "#/", class: "button primary" }, "Write one"),
    ),
  });
  scope.keep(session.postDeleted.on((id) => posts.remove(id)));
  posts.load();
  return {
    title: `#${tag}`,
    element: element(
      "section",
      { class: "column" },
      element("h1", { tabindex: "-1", dir: "auto", class: "clamped" }, `#${tag}`),
      posts.element,
    ),
    close: () => scope.close(),
  };
}
