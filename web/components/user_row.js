// A user in a list, the link to a profile, and the follow button.

import { t } from "../i18n.js";
import { nameOf } from "../state/user_cards.js";
import { avatar } from "./avatar.js";
import { element, oneAtATime, setChildren, visuallyHidden } from "./dom.js";
import { icon } from "./icons.js";
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
    ? element(
        "span",
        { class: "verified", role: "img", "aria-label": t("people.verified"), title: t("people.verified") },
        "✓",
      )
    : null;
}

export function privateMark(user) {
  if (!user.private) return null;
  const label = t("people.private_account");
  return element("span", { class: "lock", role: "img", "aria-label": label, title: label }, icon("lock"));
}

export function userRow(card, ...actions) {
  return detailedUserRow(card, null, ...actions);
}

// `detail`: a text below the username, or null.
export function detailedUserRow(card, detail, ...actions) {
  const shown = actions.filter(Boolean);
  return element(
    "div",
    { class: "user-row" },
    avatar(card),
    element(
      "div",
      { class: "grow" },
      userLink(card),
      element("div", { class: "secondary one-line" }, `@${card.username}`),
      detail && element("div", { class: "secondary" }, detail),
    ),
    shown.length > 1 ? rowActions(shown) : shown,
  );
}

// Buttons that stay beside each other where a row has no room for them beside the name.
export function rowActions(buttons) {
  return element("div", { class: "row wrap end actions" }, buttons);
}

// `known`: the relationship with them, if it was loaded already.
export function followButton(session, card, scope, known = null) {
  const follow = element("button", { type: "button", class: "follow", disabled: true }, t("people.follow"));
  let state = { following: false, requested: false };
  const isOn = () => state.following || state.requested;

  function show(relationship) {
    state = relationship ?? { following: false, requested: false };
    follow.disabled = false;
    follow.classList.toggle("primary", !isOn());
    follow.classList.toggle("plain", isOn());
    follow.setAttribute("aria-pressed", String(isOn()));
    const label = state.following
      ? t("people.following")
      : state.requested
        ? t("people.requested")
        : t("people.follow");
    setChildren(follow, label, visuallyHidden(` ${nameOf(card)}`));
  }

  async function toggle() {
    try {
      await session.relationships.setFollowing(card.id, !isOn());
    } catch (error) {
      toastError(error);
    }
  }

  follow.addEventListener("click", oneAtATime(toggle));
  scope.keep(session.relationships.changed.on((change) => change.userId === card.id && show(change)));
  if (known !== null) show(known);
  else session.relationships.get(card.id).then(show, () => show(null));
  return follow;
}
