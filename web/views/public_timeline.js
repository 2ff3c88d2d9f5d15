// The posts of everyone, newest first.

import { element } from "../components/dom.js";
import { postList } from "../components/post_list.js";
import { timelineTabs } from "../components/timeline_tabs.js";
import { t } from "../i18n.js";
import { Scope } from "../state/signal.js";

export function publicTimelineView(session) {
  const scope = new Scope();
  const posts = postList(session, scope, {
    read: (cursor) => session.api.get("/v1/timeline/public", { cursor }),
    empty: t("posts.none_public"),
  });
  posts.load();
  return {
    title: t("common.everyone"),
    element: element(
      "section",
      { class: "column" },
      element("h1", { tabindex: "-1" }, t("common.everyone")),
      timelineTabs("#/public"),
      posts.element,
    ),
    close: () => scope.close(),
  };
}
