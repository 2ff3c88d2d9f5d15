// The like button of a post or comment. A like is shown at once and undone if the server refuses it.

import { t } from "../i18n.js";
import { element, oneAtATime, setChildren, visuallyHidden } from "./dom.js";
import { icon } from "./icons.js";
import { toastError } from "./toast.js";

// `path`: of the post or comment. Returns {element, setCount}.
export function likeButton(session, { liked_by_me: isLiked, like_count: likeCount }, path) {
  let liked = isLiked;
  let count = likeCount;
  const like = element("button", { type: "button", class: "action like", onclick: oneAtATime(toggle) });

  function show() {
    like.setAttribute("aria-pressed", String(liked));
    setChildren(
      like,
      icon("heart"),
      element("span", {}, count),
      visuallyHidden(` ${t("posts.likes", { count })}`),
    );
  }

  function flip() {
    liked = !liked;
    count = Math.max(0, count + (liked ? 1 : -1));
    show();
  }

  async function toggle() {
    flip();
    try {
      await (liked ? session.api.put(`${path}/like`) : session.api.delete(`${path}/like`));
    } catch (error) {
      flip();
      toastError(error);
    }
  }

  function setCount(known) {
    if (known === count) return;
    count = known;
    show();
  }

  show();
  return { element: like, setCount };
}
