// A user's profile, posts and follow lists. Blocked users and users who do not exist look the same: the API
// does not distinguish them.

import { avatar } from "../components/avatar.js";
import { Dialog } from "../components/dialog.js";
import { button, element, emptyState, errorText, setChildren, skeleton } from "../components/dom.js";
import { icon } from "../components/icons.js";
import { linkify } from "../components/linkify.js";
import { moreMenu } from "../components/menu.js";
import { muteDialog } from "../components/mute_dialog.js";
import { PagedList } from "../components/paged_list.js";
import { postList } from "../components/post_list.js";
import { safetyItems } from "../components/safety_items.js";
import { statusMenu } from "../components/status_menu.js";
import { formatDate } from "../components/time_format.js";
import { toast, toastError } from "../components/toast.js";
import { followButton, privateMark, userRow, verifiedMark } from "../components/user_row.js";
import { t, tParts } from "../i18n.js";
import { newId } from "../network/idempotency_key.js";
import { Scope } from "../state/signal.js";
import { nameOf } from "../state/user_cards.js";

export function profileView(session, username) {
  const scope = new Scope();
  const heading = element("h1", { tabindex: "-1", dir: "auto", class: "clamped" }, `@${username}`);
  const content = element("div", { class: "stack" }, heading, skeleton());

  async function load() {
    try {
      show(await session.api.get(`/v1/users/by-username/${encodeURIComponent(username)}`));
    } catch (error) {
      const missing = error.status === 404;
      const retry = button(t("common.try_again"), load, { class: "plain" });
      const text = missing ? t("people.not_found") : error.message;
      setChildren(content, heading, errorText(text), !missing && retry);
    }
  }

  function show(user) {
    session.users.learn([user]);
    const posts = postList(session, scope, {
      read: (cursor) => session.api.get(`/v1/users/${user.id}/posts`, { cursor }),
      empty: noPosts(session, user),
    });
    const hadFocus = document.activeElement === heading;
    heading.title = nameOf(user);
    setChildren(heading, nameOf(user), verifiedMark(user), privateMark(user));
    setChildren(
      content,
      element(
        "header",
        { class: "profile panel" },
        avatar(user, { size: "large" }),
        element(
          "div",
          { class: "grow" },
          heading,
          element(
            "p",
            { class: "secondary" },
            t("profile.joined", { username: user.username, date: formatDate(user.created_at) }),
            user.relationship?.followed_by && ` · ${t("profile.follows_you")}`,
          ),
          user.bio && element("p", { class: "content", dir: "auto" }, linkify(user.bio)),
          statistics(session, user, scope),
          element(
            "div",
            { class: "row wrap" },
            session.isMe(user.id)
              ? [statusMenu(session, scope), editProfileLink()]
              : actions(session, user, scope),
          ),
        ),
      ),
      element(
        "div",
        { class: "row wrap space-between" },
        element("h2", {}, t("posts.title")),
        // It is for everyone, so it has no post of a private account.
        !user.private && atomLink(user),
      ),
      posts.element,
    );
    if (hadFocus) heading.focus({ preventScroll: true });
    posts.load();
  }

  load();
  return {
    title: `@${username}`,
    element: element("section", { class: "column" }, content),
    close: () => scope.close(),
  };
}

function noPosts(session, user) {
  if (isHidden(session, user)) return t("posts.hidden_posts");
  const write = element("a", { href: "#/", class: "button primary" }, t("posts.write_one"));
  return emptyState(t("posts.none"), session.isMe(user.id) ? write : null);
}

// Whether posts and follow lists are for followers only, and the user is none.
function isHidden(session, user) {
  return user.private && !session.isMe(user.id) && !user.relationship.following;
}

function atomLink({ id }) {
  return element("a", { href: `/v1/users/${id}/posts.atom`, type: "application/atom+xml" }, t("posts.atom_feed"));
}

function editProfileLink() {
  return element("a", { href: "#/settings", class: "button plain" }, icon("settings"), t("profile.edit"));
}

function actions(session, user, scope) {
  async function message() {
    try {
      const body = { type: "DIRECT", participants: [user.id] };
      const info = await session.api.post("/v1/conversations", body, newId());
      location.hash = `#/messages/${session.conversations.add(info).id}`;
    } catch (error) {
      toastError(error);
    }
  }

  let { muted } = user.relationship;

  function mute() {
    muteDialog(session, user, () => {
      muted = true;
    });
  }

  async function unmute() {
    try {
      await session.relationships.unmute(user.id);
      muted = false;
      toast(t("profile.unmuted", { name: nameOf(user) }));
    } catch (error) {
      toastError(error);
    }
  }

  let isFollower = user.relationship.followed_by;

  async function removeFollower() {
    try {
      await session.relationships.removeFollower(user.id);
      isFollower = false;
      toast(t("profile.follower_removed", { name: nameOf(user) }));
    } catch (error) {
      toastError(error);
    }
  }

  const name = nameOf(user);
  const menuItems = () => [
    ...(isFollower ? [[t("profile.remove_follower"), removeFollower]] : []),
    muted ? [t("profile.unmute_name", { name }), unmute] : [t("profile.mute_name", { name }), mute],
    ...safetyItems(session, { kind: "user", id: user.id, author: user }, () => {
      location.hash = "#/people";
    }),
  ];
  return [
    followButton(session, user, scope, user.relationship),
    element(
      "button",
      { type: "button", class: "plain", onclick: message },
      icon("message"),
      t("messages.message"),
    ),
    moreMenu(t("common.more_actions"), menuItems, { className: "icon-button" }),
  ];
}

function statistics(session, user, scope) {
  const content = element("p", { class: "row wrap statistics" });

  function showUsers(kind, title, empty) {
    const list = new PagedList({
      read: (cursor) => session.api.get(`/v1/users/${user.id}/${kind}`, { cursor }),
      render: (card) => userRow(card, !session.isMe(card.id) && followButton(session, card, scope)),
      empty: isHidden(session, user) ? t("people.hidden_list") : empty,
      className: "list",
    });
    list.load();
    new Dialog(title, list.element).open();
  }

  const counted = (key, count) => tParts(key, { count, number: element("strong", {}, count) });

  function show({ posts_count: posts, followers_count: followers, following_count: following }) {
    const showFollowers = () => showUsers("followers", t("people.followers"), t("people.no_followers"));
    const showFollowing = () => showUsers("following", t("profile.following"), t("people.follows_no_one"));
    setChildren(
      content,
      element("span", {}, counted("profile.posts_count", posts)),
      button(counted("profile.followers_count", followers), showFollowers, { class: "link" }),
      button(counted("profile.following_count", following), showFollowing, { class: "link" }),
    );
  }

  async function load() {
    try {
      show(await session.api.get(`/v1/users/${user.id}/stats`));
    } catch {
      setChildren(content, element("span", { class: "secondary" }, t("profile.no_counts")));
    }
  }

  scope.keep(
    session.relationships.changed.on((change) => change.userId === user.id && !change.blocked && load()),
  );
  show(user);
  return content;
}
