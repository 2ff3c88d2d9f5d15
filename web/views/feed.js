// Home: one's own posts and those of whom one follows. A hint of a new post never moves what is being
// read: it only offers to show it.

import { button, element, fill } from "../parts/dom.js";
import { Pages } from "../parts/pages.js";
import { postCard } from "../parts/post_card.js";
import { writing } from "../parts/writing.js";
import { Scope } from "../state/signal.js";

const MOST = 280;

export function feedView(session) {
  const scope = new Scope();
  const waiting = new Set();
  const shownIds = new Set();
  const news = element("div", { class: "news", "aria-live": "polite" });
  const pages = new Pages({
    read: (cursor) => session.api.get("/v1/feed", { cursor }),
    render: (post) => {
      shownIds.add(post.id);
      return postCard(session, post, { onDeleted: () => pages.remove(post.id) });
    },
    empty: "Nothing here yet. Write something, or follow people to see what they write.",
  });

  function offer() {
    const count = waiting.size;
    const text = count === 1 ? "Show 1 new post" : `Show ${count} new posts`;
    fill(news, count > 0 && button(text, show, { class: "primary pill" }));
  }

  async function show() {
    if (!(await pages.begin())) return;
    waiting.clear();
    offer();
    scrollTo({ top: 0 });
    pages.list.querySelector("a")?.focus({ preventScroll: true });
  }

  // Hints may have been missed while nobody listened.
  async function compare() {
    if (pages.size === 0) {
      pages.begin();
      return;
    }
    try {
      const { items } = await session.api.get("/v1/feed");
      items.filter((post) => !shownIds.has(post.id)).forEach((post) => waiting.add(post.id));
      if (!scope.closed) offer();
    } catch {
      // It is compared again after the next connection.
    }
  }

  const write = writing({
    label: "What is going on?",
    most: MOST,
    submit: "Post",
    rows: 3,
    send: async (content, key) => pages.putFirst(await session.api.post("/v1/posts", { content }, key)),
  });
  scope.keep(
    session.dispatcher.feedPost.on((post) => {
      if (shownIds.has(post.id)) return;
      waiting.add(post.id);
      offer();
    }),
  );
  scope.keep(session.dispatcher.connected.on(({ resumes }) => resumes && compare()));
  pages.begin();
  return {
    title: "Home",
    element: element(
      "section",
      { class: "column" },
      element("h1", { tabindex: "-1" }, "Home"),
      element("div", { class: "panel" }, write.element),
      news,
      pages.element,
    ),
    close: () => scope.close(),
  };
}
