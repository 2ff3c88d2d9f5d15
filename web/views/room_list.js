// The list of conversations, those of the latest activity first, with what was said last and how much is
// unread. A row is made anew only when it says something else.

import { arrange, button, element, fill, hidden } from "../parts/dom.js";
import { icon } from "../parts/icons.js";
import { ago } from "../parts/moments.js";
import { roomAvatar, roomName } from "../parts/room_name.js";
import { excerpt } from "../parts/words.js";

const SHOWN = 50;

export function roomList(session, scope) {
  const { conversations } = session;
  const list = element("ul", { class: "plain-list rooms" });
  const foot = element("div", {});
  const rows = new Map();
  let shown = SHOWN;
  let marked = null;
  let due = null;

  function show() {
    due = null;
    const all = conversations.list();
    arrange(list, all.slice(0, shown).map(row));
    const none = conversations.loaded ? "No conversations yet." : "Loading…";
    fill(
      foot,
      all.length === 0 && element("p", { class: "quiet" }, none),
      all.length > shown && button("Show more", more, { class: "plain" }),
    );
  }

  function more() {
    shown += SHOWN;
    show();
  }

  function row(room) {
    const { last_message: last, unread_count: unread, muted } = room.info;
    const name = roomName(room, session);
    const said = JSON.stringify([
      name,
      last,
      unread,
      muted,
      room.id === marked,
      last && session.people.name(last.sender_id),
    ]);
    const known = rows.get(room.id);
    if (known?.said === said) return known.made;
    const made = element(
      "li",
      {},
      element(
        "a",
        {
          href: `#/messages/${room.id}`,
          class: unread > 0 && !muted ? "room-row unread" : "room-row",
          "aria-current": room.id === marked ? "page" : null,
        },
        roomAvatar(room, session),
        element(
          "span",
          { class: "grow" },
          element(
            "span",
            { class: "row" },
            element("span", { class: "name", dir: "auto" }, name),
            muted && icon("muted"),
            muted && hidden("muted"),
            element("span", { class: "quiet when" }, last && ago(last.timestamp)),
          ),
          element(
            "span",
            { class: "row" },
            element("span", { class: "last", dir: "auto" }, lastWords(room)),
            unread > 0 &&
              element("span", { class: "badge" }, unread >= 1000 ? "999+" : unread, hidden(" unread")),
          ),
        ),
      ),
    );
    rows.set(room.id, { said, made });
    return made;
  }

  function lastWords({ info }) {
    const last = info.last_message;
    if (last === null) return "Nothing said yet";
    if (!last.content) return "Message deleted";
    // What the server says of a group begins with whom it is about.
    const itself = info.type === "GROUP" && last.content.startsWith("@");
    if (itself || (info.type === "DIRECT" && !session.isMe(last.sender_id))) return excerpt(last.content);
    return `${session.isMe(last.sender_id) ? "You" : session.people.name(last.sender_id)}: ${excerpt(last.content)}`;
  }

  function later() {
    due ??= requestAnimationFrame(show);
  }

  scope.keep(conversations.changed.on(later));
  scope.keep(session.people.changed.on(later));
  scope.keep(() => cancelAnimationFrame(due));
  show();
  return {
    element: element(
      "aside",
      { class: "rooms-place", "aria-label": "Conversations" },
      element(
        "div",
        { class: "row spread rooms-head" },
        element("h1", { tabindex: "-1" }, "Messages"),
        element(
          "a",
          { href: "#/messages/new", class: "button primary round", "aria-label": "New conversation" },
          icon("plus"),
        ),
      ),
      list,
      foot,
    ),
    mark: (id) => {
      marked = id;
      show();
    },
  };
}
