// The posts with a tag, newest first.

import { element, emptyState, oneAtATime, setChildren } from "../components/dom.js";
import { postList } from "../components/post_list.js";
import { toastError } from "../components/toast.js";
import { t } from "../i18n.js";
import { Scope } from "../state/signal.js";

export function tagView(session, tag) {
  const scope = new Scope();
  const posts = postList(session, scope, {
    read: (cursor) => session.api.get(`/v1/tags/${encodeURIComponent(tag)}/posts`, { cursor }),
    empty: emptyState(
      t("posts.none_with_tag"),
      element("a", { href: "#/", class: "button primary" }, t("posts.write_one")),
    ),
  });
  posts.load();
  return {
    title: `#${tag}`,
    element: element(
      "section",
      { class: "column" },
      element(
        "div",
        { class: "row wrap space-between" },
        element("h1", { tabindex: "-1", dir: "auto", class: "clamped" }, `#${tag}`),
        followTagButton(session, tag),
      ),
      posts.element,
    ),
    close: () => scope.close(),
  };
}

// Hidden until it is known whether the user follows the tag.
function followTagButton(session, tag) {
  const path = `/v1/tags/${encodeURIComponent(tag)}`;
  let following = false;
  const follow = element("button", { type: "button", hidden: true, onclick: oneAtATime(toggle) });

  function show() {
    follow.className = following ? "plain" : "primary";
    follow.setAttribute("aria-pressed", String(following));
    setChildren(follow, following ? t("people.following") : t("people.follow"));
  }

  async function load() {
    try {
      ({ following } = await session.api.get(path));
      show();
      follow.hidden = false;
    } catch {
      // Without the button, the tag is still shown.
    }
  }

  async function toggle() {
    try {
      await (following ? session.api.delete(`${path}/follow`) : session.api.put(`${path}/follow`));
      following = !following;
      show();
    } catch (error) {
      toastError(error);
    }
  }

  load();
  return follow;
}
