// A person in a list, and the buttons that say how one is to them. It never shows that somebody blocked one.

import { nameOf } from "../state/people.js";
import { avatar } from "./avatar.js";
import { element, fill } from "./dom.js";
import { failed } from "./toast.js";

export function personLink(card, className = "name") {
  return element(
    "a",
    { href: `#/@${card.username}`, class: className, dir: "auto" },
    nameOf(card),
    verifiedMark(card),
  );
}

export function verifiedMark(card) {
  return card.verified
    ? element("span", { class: "verified", role: "img", "aria-label": "verified", title: "Verified" }, "✓")
    : null;
}

export function personRow(card, ...actions) {
  return element(
    "div",
    { class: "person" },
    avatar(card),
    element(
      "div",
      { class: "grow" },
      personLink(card),
      element("div", { class: "quiet" }, `@${card.username}`),
    ),
    ...actions,
  );
}

export function followButton(session, card, scope) {
  const made = element("button", { type: "button", class: "follow", disabled: true }, "Follow");
  let follows = false;

  function show(now) {
    follows = now;
    made.disabled = false;
    made.classList.toggle("primary", !follows);
    made.classList.toggle("plain", follows);
    fill(made, follows ? "Following" : "Follow");
    made.setAttribute("aria-label", `${follows ? "Unfollow" : "Follow"} ${nameOf(card)}`);
  }

  made.addEventListener("click", async () => {
    made.disabled = true;
    try {
      await session.relations.setFollowing(card.id, !follows);
    } catch (error) {
      failed(error);
      show(follows);
    }
  });
  scope.keep(session.relations.changed.on((change) => change.userId === card.id && show(change.follows)));
  session.relations.follows(card.id).then(show, () => show(false));
  return made;
}
