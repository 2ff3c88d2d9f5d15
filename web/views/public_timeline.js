// The posts of everyone, newest first.

import { element } from "../components/dom.js";
import { PagedList } from "../components/paged_list.js";
import { postCard } from "../components/post_card.js";
import { timelineTabs } from "../components/timeline_tabs.js";
import { t } from "../i18n.js";
import { Scope } from "../state/signal.js";

export function publicTimelineView(session) {
  const scope = new Scope();
  const posts = new PagedList({
    read: (cursor) => session.api.get("/v1/timeline/public", { cursor }),
    render: (post) => postCard(session, post),
    empty: t("posts.none_public"),
  });
  scope.keep(session.postDeleted.on((id) => posts.remove(id)));
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
