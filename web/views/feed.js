// The home feed. New posts are offered by a button, so that they do not move what is being read.

import { composer } from "../components/composer.js";
import { button, element, emptyState, setChildren } from "../components/dom.js";
import { postCard } from "../components/post_card.js";
import { postFields } from "../components/post_fields.js";
import { postList } from "../components/post_list.js";
import { timelineTabs } from "../components/timeline_tabs.js";
import { t } from "../i18n.js";
import { Scope } from "../state/signal.js";

const MAX_LENGTH = 280;

export function feedView(session) {
  const scope = new Scope();
  const newIds = new Set();
  const shownIds = new Set();
  const showButton = button("", show, { class: "primary pill" });
  const newPosts = element("div", { class: "new-posts", "aria-live": "polite", hidden: true }, showButton);
  const suggestions = element("section", { class: "stack", hidden: true });
  const list = postList(session, scope, {
    read: async (cursor) => {
      const page = await session.api.get("/v1/feed", { cursor });
      if (page.follows_no_one && suggestions.hidden && !scope.closed) offerPeople(page.suggestions);
      return page;
    },
    render: (post) => {
      shownIds.add(post.id);
      return postCard(session, post);
    },
    empty: emptyState(
      t("feed.empty"),
      element("a", { href: "#/people", class: "button primary" }, t("feed.find_people")),
    ),
  });

  function offer() {
    const count = newIds.size;
    newPosts.hidden = count === 0;
    showButton.textContent = t("feed.show_new", { count });
  }

  async function show() {
    // Not those that come while the feed is read.
    const known = [...newIds];
    if (!(await list.load())) return;
    for (const id of [...known, ...shownIds]) newIds.delete(id);
    offer();
    scrollTo({ top: 0 });
    list.list.querySelector("a")?.focus({ preventScroll: true });
  }

  // Events may have been missed while the connection was lost.
  async function checkForNew() {
    if (list.size === 0) {
      list.load();
      return;
    }
    try {
      const { items } = await session.api.get("/v1/feed");
      items.filter((post) => !shownIds.has(post.id)).forEach((post) => newIds.add(post.id));
      if (!scope.closed) offer();
    } catch {
      // Checked again after the next reconnect.
    }
  }

  // A user who follows no one sees only their own posts, and below them people to follow.
  async function offerPeople(people) {
    suggestions.hidden = false;
    try {
      const { suggestionList } = await import("../components/suggestions.js");
      const list = suggestionList(session, scope, people);
      setChildren(suggestions, element("h2", {}, t("people.suggestions")), list);
    } catch {
      // Offered with the next load.
      suggestions.hidden = true;
    }
  }

  const write = composer(session, {
    label: t("feed.write"),
    maxLength: MAX_LENGTH,
    submit: t("posts.submit"),
    rows: 3,
    draftKey: "post",
    fields: postFields(session),
    send: async (body, key) => list.prepend(await session.api.post("/v1/posts", body, key)),
  });
  scope.keep(
    session.dispatcher.feedPost.on((post) => {
      if (shownIds.has(post.id)) return;
      newIds.add(post.id);
      offer();
    }),
  );
  // The feed has posts of a user from the moment the user is followed.
  scope.keep(session.relationships.changed.on(({ following }) => following && checkForNew()));
  scope.keep(session.dispatcher.connected.on(({ resumes }) => resumes && checkForNew()));
  list.load();
  return {
    title: t("nav.home"),
    element: element(
      "section",
      { class: "column" },
      element("h1", { tabindex: "-1" }, t("nav.home")),
      timelineTabs("#/"),
      element("div", { class: "panel" }, write.element),
      newPosts,
      list.element,
      suggestions,
    ),
    close: () => scope.close(),
  };
}
