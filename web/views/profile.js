// Somebody: who they are, how one is to them, and what they wrote. Somebody who is blocked, or blocked one,
// looks the same as nobody: that is all the server says.

import { agreed, Dialog } from "../parts/dialog.js";
import { avatar } from "../parts/avatar.js";
import { button, element, fill } from "../parts/dom.js";
import { icon } from "../parts/icons.js";
import { date } from "../parts/moments.js";
import { Pages } from "../parts/pages.js";
import { followButton, personRow, verifiedMark } from "../parts/person.js";
import { postCard } from "../parts/post_card.js";
import { report } from "../parts/report.js";
import { failed, toast } from "../parts/toast.js";
import { words } from "../parts/words.js";
import { nameOf } from "../state/people.js";
import { Scope } from "../state/signal.js";
import { newId } from "../wire/idempotency_key.js";

export function profileView(session, username) {
  const scope = new Scope();
  const place = element(
    "div",
    {},
    element("h1", { tabindex: "-1" }, `@${username}`),
    element("p", { class: "quiet" }, "Loading…"),
  );

  async function load() {
    try {
      show(await session.api.get(`/v1/users/by-username/${encodeURIComponent(username)}`));
    } catch (error) {
      const gone = error.status === 404;
      fill(
        place,
        element("h1", { tabindex: "-1" }, `@${username}`),
        element(
          "p",
          { class: "trouble", role: "alert" },
          gone ? "There is nobody of that name for you to see." : error.message,
        ),
        !gone && button("Try again", load, { class: "plain" }),
      );
    }
  }

  function show(user) {
    session.people.learn([user]);
    const pages = new Pages({
      read: (cursor) => session.api.get(`/v1/users/${user.id}/posts`, { cursor }),
      render: (post) => postCard(session, post, { onDeleted: () => pages.remove(post.id) }),
      empty: "No posts yet.",
    });
    fill(
      place,
      element(
        "header",
        { class: "profile panel" },
        avatar(user, { size: "large" }),
        element(
          "div",
          { class: "grow" },
          element("h1", { tabindex: "-1", dir: "auto" }, nameOf(user), verifiedMark(user)),
          element("p", { class: "quiet" }, `@${user.username} · here since ${date(user.created_at)}`),
          user.bio && element("p", { class: "content", dir: "auto" }, words(user.bio)),
          statistics(session, user, scope),
          element(
            "div",
            { class: "row wrap" },
            session.isMe(user.id) ? ownActions() : actions(session, user, scope),
          ),
        ),
      ),
      element("h2", {}, "Posts"),
      pages.element,
    );
    pages.begin();
  }

  load();
  return {
    title: `@${username}`,
    element: element("section", { class: "column" }, place),
    close: () => scope.close(),
  };
}

function ownActions() {
  return element(
    "a",
    { href: "#/settings", class: "button plain" },
    icon("settings"),
    "Profile and settings",
  );
}

function actions(session, user, scope) {
  async function write() {
    try {
      const room = session.conversations.add(
        await session.api.post("/v1/conversations", { type: "DIRECT", participants: [user.id] }, newId()),
      );
      location.hash = `#/messages/${room.id}`;
    } catch (error) {
      failed(error);
    }
  }

  async function block() {
    const text =
      "You no longer follow each other, and neither sees the other’s posts, comments and events. Groups that you share stay.";
    if (!(await agreed(`Block ${nameOf(user)}?`, text, "Block"))) return;
    try {
      await session.relations.block(user);
      location.hash = "#/people";
      toast(`${nameOf(user)} is blocked. It can be undone in the settings of this browser.`);
    } catch (error) {
      failed(error);
    }
  }

  return [
    followButton(session, user, scope),
    element("button", { type: "button", class: "plain", onclick: write }, icon("message"), "Message"),
    button("Block", block, { class: "plain" }),
    button("Report", () => report(session, "user", user.id), { class: "plain" }),
  ];
}

function statistics(session, user, scope) {
  const place = element("p", { class: "row wrap statistics" });

  function people(kind, title) {
    const pages = new Pages({
      read: (cursor) => session.api.get(`/v1/users/${user.id}/${kind}`, { cursor }),
      render: (card) => personRow(card, !session.isMe(card.id) && followButton(session, card, scope)),
      empty: "Nobody yet.",
      className: "list",
    });
    pages.begin();
    new Dialog(title, pages.element).open();
  }

  async function load() {
    try {
      const found = await session.api.get(`/v1/users/${user.id}/stats`);
      fill(
        place,
        element(
          "span",
          {},
          element("strong", {}, found.posts_count),
          found.posts_count === 1 ? " post" : " posts",
        ),
        button(
          [
            element("strong", {}, found.followers_count),
            found.followers_count === 1 ? " follower" : " followers",
          ],
          () => people("followers", "Followers"),
          { class: "link" },
        ),
        button(
          [element("strong", {}, found.following_count), " following"],
          () => people("following", "Following"),
          { class: "link" },
        ),
      );
    } catch {
      fill(place, element("span", { class: "quiet" }, "Numbers are not available now."));
    }
  }

  scope.keep(
    session.relations.changed.on((change) => change.userId === user.id && !change.blocked && load()),
  );
  load();
  return place;
}
