// The posts that the user has bookmarked, the latest bookmark first.

import { element, emptyState } from "../components/dom.js";
import { postList } from "../components/post_list.js";
import { timelineTabs } from "../components/timeline_tabs.js";
import { t } from "../i18n.js";
import { Scope } from "../state/signal.js";

export function bookmarksView(session) {
  const scope = new Scope();
  const posts = postList(session, scope, {
    read: (cursor) => session.api.get("/v1/bookmarks", { cursor }),
    empty: emptyState(
      t("posts.no_bookmarks"),
      element("a", { href: "#/", class: "button primary" }, t("posts.go_to_feed")),
    ),
  });
  posts.load();
  return {
    title: t("posts.bookmarks"),
    element: element(
      "section",
      { class: "column" },
      element("h1", { tabindex: "-1" }, t("posts.bookmarks")),
      timelineTabs("#/bookmarks"),
      posts.element,
    ),
    close: () => scope.close(),
  };
}
