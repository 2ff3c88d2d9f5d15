// A user's profile, posts and follow lists. Blocked users and users who do not exist look the same: the API
// does not distinguish them.

import { avatar } from "../components/avatar.js";
import { confirmDialog, Dialog } from "../components/dialog.js";
import { button, element, errorText, setChildren, skeleton } from "../components/dom.js";
import { icon } from "../components/icons.js";
import { linkify } from "../components/linkify.js";
import { Menu } from "../components/menu.js";
import { muteDialog } from "../components/mute_dialog.js";
import { PagedList } from "../components/paged_list.js";
import { postCard } from "../components/post_card.js";
import { reportDialog } from "../components/report_dialog.js";
import { formatDate } from "../components/time_format.js";
import { toast, toastError } from "../components/toast.js";
import { followButton, privateMark, userRow, verifiedMark } from "../components/user_row.js";
import { newId } from "../network/idempotency_key.js";
import { Scope } from "../state/signal.js";
import { nameOf } from "../state/user_cards.js";

export function profileView(session, username) {
  const scope = new Scope();
  const heading = element("h1", { tabindex: "-1" }, `@${username}`);
  const content = element("div", { class: "stack" }, heading, skeleton());

  async function load() {
    try {
      show(await session.api.get(`/v1/users/by-username/${encodeURIComponent(username)}`));
    } catch (error) {
      const missing = error.status === 404;
      const retry = button("Try again", load, { class: "plain" });
      const text = missing ? "This user doesn't exist." : error.message;
      setChildren(content, heading, errorText(text), !missing && retry);
    }
  }

  function show(user) {
    session.users.learn([user]);
    const posts = new PagedList({
      read: (cursor) => session.api.get(`/v1/users/${user.id}/posts`, { cursor }),
      render: (post) => postCard(session, post),
      empty: isHidden(session, user) ? "Only followers see the posts of this account." : "No posts yet",
    });
    scope.keep(session.postDeleted.on((id) => posts.remove(id)));
    setChildren(
      content,
      element(
        "header",
        { class: "profile panel" },
        avatar(user, { size: "large" }),
        element(
          "div",
          { class: "grow" },
          element(
            "h1",
            { tabindex: "-1", dir: "auto", class: "clamped", title: nameOf(user) },
            nameOf(user),
            verifiedMark(user),
            privateMark(user),
          ),
          element(
            "p",
            { class: "secondary" },
            `@${user.username} · Joined ${formatDate(user.created_at)}`,
            user.relationship?.followed_by && " · Follows you",
          ),
          user.bio && element("p", { class: "content", dir: "auto" }, linkify(user.bio)),
          statistics(session, user, scope),
          element(
            "div",
            { class: "row wrap" },
            session.isMe(user.id) ? editProfileLink() : actions(session, user, scope),
          ),
        ),
      ),
      element(
        "div",
        { class: "row wrap space-between" },
        element("h2", {}, "Posts"),
        element("a", { href: `/v1/users/${user.id}/posts.atom`, type: "application/atom+xml" }, "Atom feed"),
      ),
      posts.element,
    );
    posts.load();
  }

  load();
  return {
    title: `@${username}`,
    element: element("section", { class: "column" }, content),
    close: () => scope.close(),
  };
}

// Whether posts and follow lists are for followers only, and the user is none.
function isHidden(session, user) {
  return user.private && !session.isMe(user.id) && !user.relationship.following;
}

function editProfileLink() {
  return element("a", { href: "#/settings", class: "button plain" }, icon("settings"), "Edit profile");
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

  async function block() {
    const text =
      "You will stop following each other, and you won't see each other's posts, comments and events. " +
      "You both stay in the groups that you share.";
    if (!(await confirmDialog(`Block ${nameOf(user)}?`, text, "Block"))) return;
    try {
      await session.relationships.block(user);
      location.hash = "#/people";
      toast(`${nameOf(user)} is blocked. You can unblock them in Settings.`);
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
      toast(`${nameOf(user)} is not muted any more.`);
    } catch (error) {
      toastError(error);
    }
  }

  let isFollower = user.relationship.followed_by;

  async function removeFollower() {
    try {
      await session.relationships.removeFollower(user.id);
      isFollower = false;
      toast(`${nameOf(user)} does not follow you any more.`);
    } catch (error) {
      toastError(error);
    }
  }

  const menu = new Menu("More actions");
  const more = element(
    "button",
    { type: "button", class: "icon-button", "aria-haspopup": "menu", "aria-label": "More actions" },
    icon("more"),
  );
  more.addEventListener("click", () =>
    menu.open(more, [
      ...(isFollower ? [["Remove follower", removeFollower]] : []),
      [`${muted ? "Unmute" : "Mute"} ${nameOf(user)}`, muted ? unmute : mute],
      [`Block ${nameOf(user)}`, block],
      ["Report", () => reportDialog(session, "user", user.id)],
    ]),
  );
  return [
    followButton(session, user, scope, user.relationship),
    element("button", { type: "button", class: "plain", onclick: message }, icon("message"), "Message"),
    more,
    menu.element,
  ];
}

function statistics(session, user, scope) {
  const content = element("p", { class: "row wrap statistics" });

  function showUsers(kind, title, empty) {
    const list = new PagedList({
      read: (cursor) => session.api.get(`/v1/users/${user.id}/${kind}`, { cursor }),
      render: (card) => userRow(card, !session.isMe(card.id) && followButton(session, card, scope)),
      empty: isHidden(session, user) ? "Only followers see this list." : empty,
      className: "list",
    });
    list.load();
    new Dialog(title, list.element).open();
  }

  function show({ posts_count: posts, followers_count: followers, following_count: following }) {
    const showFollowers = () => showUsers("followers", "Followers", "No followers yet");
    const showFollowing = () => showUsers("following", "Following", "Not following anyone yet");
    setChildren(
      content,
      element("span", {}, element("strong", {}, posts), posts === 1 ? " post" : " posts"),
      button(
        [element("strong", {}, followers), followers === 1 ? " follower" : " followers"],
        showFollowers,
        { class: "link" },
      ),
      button([element("strong", {}, following), " following"], showFollowing, { class: "link" }),
    );
  }

  async function load() {
    try {
      show(await session.api.get(`/v1/users/${user.id}/stats`));
    } catch {
      setChildren(content, element("span", { class: "secondary" }, "Counts are not available."));
    }
  }

  scope.keep(
    session.relationships.changed.on((change) => change.userId === user.id && !change.blocked && load()),
  );
  show(user);
  return content;
}
