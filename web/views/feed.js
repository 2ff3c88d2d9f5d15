// The home feed. New posts are offered by a button, so that they do not move what is being read.

import { composer } from "../components/composer.js";
import { button, element, emptyState, setChildren } from "../components/dom.js";
import { PagedList } from "../components/paged_list.js";
import { postCard } from "../components/post_card.js";
import { suggestionList } from "../components/suggestions.js";
import { timelineTabs } from "../components/timeline_tabs.js";
import { visibilityChoice } from "../components/visibility_choice.js";
import { Scope } from "../state/signal.js";

const MAX_LENGTH = 280;

export function feedView(session) {
  const scope = new Scope();
  const newIds = new Set();
  const shownIds = new Set();
  const newPosts = element("div", { class: "new-posts", "aria-live": "polite" });
  const suggestions = element("section", { class: "panel", hidden: true });
  const list = new PagedList({
    read: (cursor) => session.api.get("/v1/feed", { cursor }),
    render: (post) => {
      shownIds.add(post.id);
      return postCard(session, post);
    },
    empty: emptyState(
      "Your feed is empty. Follow people to see their posts.",
      element("a", { href: "#/people", class: "button primary" }, "Find people"),
    ),
  });

  function offer() {
    const count = newIds.size;
    const text = count === 1 ? "Show 1 new post" : `Show ${count} new posts`;
    setChildren(newPosts, count > 0 && button(text, show, { class: "primary pill" }));
  }

  async function show() {
    if (!(await list.load())) return;
    newIds.clear();
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

  // A user who follows no one sees only their own posts.
  async function offerPeople() {
    try {
      const { items } = await session.api.get(`/v1/users/${session.user.id}/following`, { limit: 1 });
      if (items.length > 0 || scope.closed) return;
      const text = "You don't follow anyone yet. Follow people to see their posts here.";
      setChildren(suggestions, element("p", {}, text), suggestionList(session, scope));
      suggestions.hidden = false;
    } catch {
      // Offered again at the next visit.
    }
  }

  const write = composer({
    label: "What's happening?",
    maxLength: MAX_LENGTH,
    submit: "Post",
    rows: 3,
    drafts: session.drafts,
    draftKey: "post",
    choice: visibilityChoice(session),
    send: async (content, key, visibility) =>
      list.prepend(await session.api.post("/v1/posts", { content, visibility }, key)),
  });
  scope.keep(
    session.dispatcher.feedPost.on((post) => {
      if (shownIds.has(post.id)) return;
      newIds.add(post.id);
      offer();
    }),
  );
  scope.keep(session.postDeleted.on((id) => list.remove(id)));
  scope.keep(session.dispatcher.connected.on(({ resumes }) => resumes && checkForNew()));
  list.load();
  offerPeople();
  return {
    title: "Home",
    element: element(
      "section",
      { class: "column" },
      element("h1", { tabindex: "-1" }, "Home"),
      timelineTabs("#/"),
      element("div", { class: "panel" }, write.element),
      newPosts,
      suggestions,
      list.element,
    ),
    close: () => scope.close(),
  };
}
