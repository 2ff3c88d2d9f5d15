// One message as a line of its conversation. A deleted one stays as a trace; what the server says in its
// own name stands in the middle. It is made anew when its message changes, and never changes by itself.

import { avatar } from "./avatar.js";
import { button, element, hidden } from "./dom.js";
import { icon } from "./icons.js";
import { messageTools } from "./message_tools.js";
import { clockTime } from "./moments.js";
import { excerpt, words } from "./words.js";

// `context`: session, room, acts {react, reply, edit, remove, report, show(messageId)}, find(messageId).
export function messageLine(message, { grouped, context }) {
  if (message.message_type === "SYSTEM") return systemLine(message);
  const { session, room } = context;
  const mine = session.isMe(message.sender_id);
  const card = session.people.card(message.sender_id);
  const name = mine ? "You" : session.people.name(message.sender_id);
  const named = !grouped && !mine && room.info.type === "GROUP";
  const deleted = message.deleted_at !== null;
  const classes = ["message", mine && "mine", grouped && "grouped", deleted && "deleted"]
    .filter(Boolean)
    .join(" ");
  return element(
    "li",
    { class: classes, "data-key": message.id },
    !mine &&
      element("span", { class: "side" }, !grouped && card && avatar(card, { size: "small", dot: false })),
    element(
      "div",
      { class: "grow" },
      named
        ? element(
            "a",
            { class: "sender", href: card ? `#/@${card.username}` : "#/people", dir: "auto" },
            name,
          )
        : hidden(`${name}: `),
      element(
        "div",
        { class: "bubble-row" },
        element(
          "div",
          { class: "bubble" },
          message.reply_to && !deleted && quote(message.reply_to, context),
          element(
            "p",
            { class: "content", dir: "auto" },
            deleted ? "Message deleted" : words(message.content),
          ),
          element(
            "span",
            { class: "stamp" },
            message.edited_at && !deleted && "edited · ",
            clockTime(message.created_at),
          ),
        ),
        !deleted && messageTools(message, { mine, context }),
      ),
      !deleted && reactions(message, context),
    ),
  );
}

export function dayLine(text) {
  return element("li", { class: "day" }, element("span", {}, text));
}

// A message that is on its way, or was refused.
export function unsentLine(one, { again, discard }) {
  const failed = one.state === "failed";
  return element(
    "li",
    { class: `message mine unsent ${one.state}` },
    element(
      "div",
      { class: "grow" },
      element(
        "div",
        { class: "bubble-row" },
        element(
          "div",
          { class: "bubble" },
          element("p", { class: "content", dir: "auto" }, words(one.content)),
          element("span", { class: "stamp" }, failed ? "not sent" : "sending…"),
        ),
      ),
      failed &&
        element(
          "p",
          { class: "trouble row", role: "alert" },
          one.detail,
          button("Try again", again, { class: "link" }),
          button("Discard", discard, { class: "link" }),
        ),
    ),
  );
}

function systemLine(message) {
  return element(
    "li",
    { class: "system", "data-key": message.id },
    element("span", { dir: "auto" }, words(message.content)),
  );
}

function quote(messageId, { session, find, acts }) {
  const quoted = find(messageId);
  const text =
    quoted === null
      ? "An earlier message"
      : quoted.deleted_at
        ? "Message deleted"
        : excerpt(quoted.content, 100);
  const name =
    quoted === null ? "" : session.isMe(quoted.sender_id) ? "You" : session.people.name(quoted.sender_id);
  return button(
    [name && element("strong", { dir: "auto" }, name, " "), element("span", { dir: "auto" }, text)],
    () => acts.show(messageId),
    { class: "quote" },
  );
}

function reactions(message, { session, acts }) {
  if (message.reactions.length === 0) return null;
  const buttons = message.reactions.map((one) => {
    const mine = one.mine || one.user_ids.includes(session.user.id);
    const names = one.user_ids.map((id) => (session.isMe(id) ? "you" : session.people.name(id))).join(", ");
    return element(
      "button",
      {
        type: "button",
        class: "reaction",
        "aria-pressed": String(mine),
        title: names,
        "aria-label": `${one.emoji} ${one.count}: ${names}`,
        onclick: () => acts.react(message, one.emoji, !mine),
      },
      element("span", { class: "emoji" }, one.emoji),
      element("span", {}, one.count),
    );
  });
  return element("div", { class: "reactions" }, buttons);
}

export function quoteBar(message, session, cancel) {
  const name = session.isMe(message.sender_id) ? "yourself" : session.people.name(message.sender_id);
  return element(
    "div",
    { class: "reply-bar row" },
    element("span", { class: "grow", dir: "auto" }, `Reply to ${name}: ${excerpt(message.content, 60)}`),
    element(
      "button",
      { type: "button", class: "bare", "aria-label": "Do not reply", onclick: cancel },
      icon("close"),
    ),
  );
}
