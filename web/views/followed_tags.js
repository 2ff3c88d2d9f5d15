// The tags that the user follows, the latest first.

import { element, emptyState } from "../components/dom.js";
import { PagedList } from "../components/paged_list.js";
import { timelineTabs } from "../components/timeline_tabs.js";
import { t } from "../i18n.js";

export function followedTagsView(session) {
  const list = new PagedList({
    read: (cursor) => session.api.get("/v1/users/me/followed-tags", { cursor }),
    render: ({ tag }) =>
      element(
        "a",
        { class: "followed-tag", href: `#/tag/${encodeURIComponent(tag)}`, dir: "auto" },
        `#${tag}`,
      ),
    keyOf: ({ tag }) => tag,
    empty: emptyState(
      t("posts.no_tags"),
      element("a", { href: "#/public", class: "button primary" }, t("posts.see_public")),
    ),
  });
  list.load();
  return {
    title: t("posts.followed_tags"),
    element: element(
      "section",
      { class: "column" },
      element("h1", { tabindex: "-1" }, t("posts.followed_tags")),
      timelineTabs("#/tags"),
      list.element,
    ),
    close: () => {},
  };
}
