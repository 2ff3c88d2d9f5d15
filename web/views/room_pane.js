// One conversation, open: who it is with, its messages, and where the next one is written.

import { element, fill } from "../parts/dom.js";
import { icon } from "../parts/icons.js";
import { messageWriting } from "../parts/message_writing.js";
import { otherOf, roomAvatar, roomName } from "../parts/room_name.js";
import { Scope } from "../state/signal.js";
import { messageActs } from "./message_acts.js";
import { MessageList } from "./message_list.js";
import { roomDetails } from "./room_details.js";
import { Typing } from "./typing.js";

// `scope` ends with it.
export function roomPane(session, id, scope) {
  const place = element("div", { class: "room" }, bare("Loading…"));
  // Ends when one is no longer in it; one may be taken in again.
  let inside = new Scope();
  let gone = false;

  async function load() {
    gone = false;
    try {
      const room = await session.conversations.get(id);
      if (!scope.closed) show(room);
    } catch (error) {
      gone = error.status === 404;
      fill(place, bare(gone ? "You are not in this conversation (any more)." : error.message));
    }
  }

  function show(room) {
    const head = element("header", { class: "row room-head" });
    const acts = {};
    const typing = new Typing(session, room, inside);
    const list = new MessageList(session, room, inside, acts);
    const writing = messageWriting(session, room, {
      sent: () => list.toEnd(),
      wrote: (something) => typing.wrote(something),
    });
    Object.assign(acts, messageActs(session, room, list, writing));

    function header() {
      const other = otherOf(room, session);
      const below = other ? `@${other.username}` : `${room.info.member_count} members`;
      fill(
        head,
        backLink(),
        roomAvatar(room, session, { size: "small" }),
        element(
          "div",
          { class: "grow" },
          element(
            "h2",
            { tabindex: "-1", dir: "auto" },
            other
              ? element("a", { href: `#/@${other.username}` }, roomName(room, session))
              : roomName(room, session),
          ),
          element("div", { class: "quiet" }, below, room.info.muted && " · muted"),
        ),
        element(
          "button",
          {
            type: "button",
            class: "bare",
            "aria-label": "Details of this conversation",
            onclick: () => roomDetails(session, room),
          },
          icon("more"),
        ),
      );
    }

    let told = "";
    inside.keep(
      session.conversations.changed.on((one) => {
        const said = JSON.stringify([room.info.name, room.info.member_count, room.info.muted]);
        if (one !== room || said === told) return;
        told = said;
        header();
      }),
    );
    header();
    fill(place, head, list.element, typing.element, writing.element);
    list.begin();
    if (matchMedia("(pointer: fine)").matches) writing.focus();
  }

  function left(leftId) {
    if (leftId !== id) return;
    gone = true;
    inside.close();
    inside = new Scope();
    fill(place, bare("You are no longer in this conversation."));
  }

  scope.keep(session.conversations.removed.on(left));
  scope.keep(session.conversations.changed.on((room) => gone && room?.id === id && !room.closed && load()));
  scope.keep(() => inside.close());
  load();
  return place;
}

function backLink() {
  return element(
    "a",
    { href: "#/messages", class: "bare back", "aria-label": "Back to the list" },
    icon("back"),
  );
}

function bare(text) {
  return [
    element(
      "header",
      { class: "row room-head" },
      backLink(),
      element("h2", { tabindex: "-1" }, "Conversation"),
    ),
    element("p", { class: "quiet middle", role: "status" }, text),
  ];
}
