// A user in a list, the link to a profile, and the follow button.

import { nameOf } from "../state/user_cards.js";
import { avatar } from "./avatar.js";
import { element, setChildren, visuallyHidden } from "./dom.js";
import { toastError } from "./toast.js";

export function userLink(card, className = "name") {
  return element(
    "a",
    { href: `#/@${card.username}`, class: className, dir: "auto" },
    nameOf(card),
    verifiedMark(card),
  );
}

export function verifiedMark(card) {
  return card.verified
    ? element("span", { class: "verified", role: "img", "aria-label": "Verified", title: "Verified" }, "✓")
    : null;
}

export function userRow(card, ...actions) {
  return element(
    "div",
    { class: "user-row" },
    avatar(card),
    element(
      "div",
      { class: "grow" },
      userLink(card),
      element("div", { class: "secondary one-line" }, `@${card.username}`),
    ),
    ...actions,
  );
}

// `known`: whether the user follows them, if it was loaded already.
export function followButton(session, card, scope, known = null) {
  const follow = element("button", { type: "button", class: "follow", disabled: true }, "Follow");
  let follows = false;

  function show(now) {
    follows = now;
    follow.disabled = false;
    follow.classList.toggle("primary", !follows);
    follow.classList.toggle("plain", follows);
    follow.setAttribute("aria-pressed", String(follows));
    setChildren(follow, follows ? "Following" : "Follow", visuallyHidden(` ${nameOf(card)}`));
  }

  follow.addEventListener("click", async () => {
    follow.disabled = true;
    try {
      await session.relationships.setFollowing(card.id, !follows);
    } catch (error) {
      toastError(error);
      show(follows);
    }
  });
  scope.keep(session.relationships.changed.on((change) => change.userId === card.id && show(change.follows)));
  if (known !== null) show(known);
  else session.relationships.follows(card.id).then(show, () => show(false));
  return follow;
}
