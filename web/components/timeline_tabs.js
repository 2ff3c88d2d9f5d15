// Links between the timelines and lists of posts.

import { element } from "./dom.js";

const TABS = [
  ["#/", "Following"],
  ["#/public", "Everyone"],
  ["#/tags", "Tags"],
  ["#/bookmarks", "Bookmarks"],
];

// `current`: the link of the view that is shown.
export function timelineTabs(current) {
  return element(
    "nav",
    { class: "row wrap timeline-tabs", "aria-label": "Timelines" },
    TABS.map(([href, label]) =>
      element("a", { href, class: "button plain", "aria-current": href === current ? "page" : null }, label),
    ),
  );
}
