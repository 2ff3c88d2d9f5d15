// The posts that the user has bookmarked, the latest bookmark first.

import { element, emptyState } from "../components/dom.js";
import { PagedList } from "../components/paged_list.js";
import { postCard } from "../components/post_card.js";
import { timelineTabs } from "../components/timeline_tabs.js";
import { Scope } from "../state/signal.js";

export function bookmarksView(session) {
  const scope = new Scope();
  const posts = new PagedList({
    read: (cursor) => session.api.get("/v1/bookmarks", { cursor }),
    render: (post) => postCard(session, post),
    empty: emptyState(
      "No bookmarks yet. “Bookmark” below a post keeps it here, for you alone.",
      element("a", { href: "#/", class: "button primary" }, "Go to your feed"),
    ),
  });
  scope.keep(session.postDeleted.on((id) => posts.remove(id)));
  posts.load();
  return {
    title: "Bookmarks",
    element: element(
      "section",
      { class: "column" },
      element("h1", { tabindex: "-1" }, "Bookmarks"),
      timelineTabs("#/bookmarks"),
      posts.element,
    ),
    close: () => scope.close(),
  };
}
