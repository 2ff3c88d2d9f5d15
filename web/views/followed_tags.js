// The tags that the user follows, the latest first.

import { element } from "../components/dom.js";
import { PagedList } from "../components/paged_list.js";
import { timelineTabs } from "../components/timeline_tabs.js";

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
    empty: "You don't follow any tags yet. Open a tag to follow it.",
  });
  list.load();
  return {
    title: "Followed tags",
    element: element(
      "section",
      { class: "column" },
      element("h1", { tabindex: "-1" }, "Followed tags"),
      timelineTabs("#/tags"),
      list.element,
    ),
    close: () => {},
  };
}
