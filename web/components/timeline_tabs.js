// Links between the timelines and lists of posts.

import { t } from "../i18n.js";
import { element } from "./dom.js";

const TABS = [
  ["#/", t("posts.following")],
  ["#/public", t("common.everyone")],
  ["#/tags", t("posts.tags")],
  ["#/bookmarks", t("posts.bookmarks")],
];

// `current`: the link of the view that is shown.
export function timelineTabs(current) {
  return element(
    "nav",
    { class: "row wrap timeline-tabs", "aria-label": t("posts.timelines") },
    TABS.map(([href, label]) =>
      element("a", { href, class: "button plain", "aria-current": href === current ? "page" : null }, label),
    ),
  );
}
