// The rows of a conversation: messages, unsent messages and dividers. Rows have no listeners of their own:
// the message list handles the clicks on elements with `data-action`.

import { t } from "../i18n.js";
import { describe } from "../state/system_messages.js";
import { isDeleted, nameOf } from "../state/user_cards.js";
import { avatar } from "./avatar.js";
import { element, visuallyHidden } from "./dom.js";
import { icon } from "./icons.js";
import { excerpt } from "./excerpt.js";
import { linkify } from "./linkify.js";
import { richText } from "./rich_text.js";
import { clockTime } from "./time_format.js";

const QUOTE_LENGTH = 100;

// `context`: session, conversation, findQuoted(messageId).
export function messageRow(message, { grouped, context }) {
  const row =
    message.message_type === "SYSTEM" ? systemRow(message, context) : textRow(message, grouped, context);
  // Of the rows one is in the tab order, and of its controls none, see `MessageRows`.
  row.tabIndex = -1;
  for (const control of row.querySelectorAll("a, button, pre")) control.tabIndex = -1;
  return row;
}

function textRow(message, grouped, context) {
  const { session, conversation } = context;
  const mine = session.isMe(message.sender_id);
  const card = session.users.card(message.sender_id);
  const name = mine ? t("common.you") : session.users.name(message.sender_id);
  const named = !grouped && !mine && conversation.info.type === "GROUP";
  const deleted = message.deleted_at !== null;
  const hasProfile = card !== null && !isDeleted(card);
  const mentionsMe = !mine && message.mentions.includes(session.user.id);
  const states = { mine, grouped, deleted, "mentions-me": mentionsMe };
  const classes = ["message", ...Object.keys(states).filter((name) => states[name])];
  return element(
    "li",
    { class: classes.join(" "), "data-key": message.id, "data-seq": message.seq },
    !mine &&
      element(
        "span",
        { class: "message-avatar" },
        !grouped && card && avatar(card, { size: "small", dot: false }),
      ),
    element(
      "div",
      { class: "grow" },
      named
        ? element(
            hasProfile ? "a" : "span",
            { class: "sender one-line", href: hasProfile ? `#/@${card.username}` : null, dir: "auto" },
            name,
          )
        : visuallyHidden(`${name}: `),
      element("div", { class: "bubble-row" }, bubble(message, deleted, context), !deleted && menuButton()),
      !deleted && reactions(message, session),
    ),
  );
}

function bubble(message, deleted, context) {
  return element(
    "div",
    { class: "bubble" },
    message.reply_to && !deleted && quote(message.reply_to, context),
    element(
      "div",
      { class: "content", dir: "auto" },
      deleted ? deletedText(message) : richText(message.content),
    ),
    element(
      "span",
      { class: "message-time" },
      message.edited_at && !deleted && `${t("messages.edited")} · `,
      clockTime(message.created_at),
    ),
  );
}

function deletedText(message) {
  return message.hidden_at ? t("messages.hidden") : t("messages.deleted");
}

function systemRow(message, { session }) {
  const link = (username) => {
    const [name, card] = [usersName(session, username), session.users.named(username)];
    return card !== null && isDeleted(card) ? name : element("a", { href: `#/@${username}` }, name);
  };
  const label = (found) => usersName(session, found.slice(1));
  const text =
    describe(message.content, link, session.user.username) ??
    linkify(message.content, { mentionLabel: label });
  return element(
    "li",
    { class: "system-message", "data-key": message.id, "data-seq": message.seq },
    element("span", { dir: "auto" }, text),
  );
}

// The name of a user in a system message.
export function usersName(session, username) {
  if (username === session.user.username) return t("common.you");
  const card = session.users.named(username);
  return card === null ? `@${username}` : nameOf(card);
}

function menuButton() {
  return element(
    "button",
    {
      type: "button",
      class: "icon-button menu-button",
      "data-action": "menu",
      "aria-haspopup": "menu",
      "aria-label": t("messages.actions"),
    },
    icon("more"),
  );
}

function quote(messageId, { session, findQuoted }) {
  const quoted = findQuoted(messageId);
  let text = t("messages.earlier");
  if (quoted) text = quoted.deleted_at ? t("messages.deleted") : excerpt(quoted.content, QUOTE_LENGTH);
  const name =
    quoted && (session.isMe(quoted.sender_id) ? t("common.you") : session.users.name(quoted.sender_id));
  return element(
    "button",
    { type: "button", class: "quote", "data-action": "show", "data-message": messageId },
    name && element("strong", { dir: "auto" }, name, " "),
    element("span", { dir: "auto" }, text),
  );
}

function reactions(message, session) {
  if (message.reactions.length === 0) return null;
  const buttons = message.reactions.map((one) => {
    const mine = one.mine || one.user_ids.includes(session.user.id);
    const names = one.user_ids.map((id) => (session.isMe(id) ? t("common.you") : session.users.name(id)));
    const more = one.count - names.length;
    if (more > 0) names.push(t("messages.more_people", { count: more }));
    return element(
      "button",
      {
        type: "button",
        class: "reaction",
        "data-action": mine ? "unreact" : "react",
        "data-emoji": one.emoji,
        "aria-pressed": String(mine),
        title: names.join(", "),
      },
      element("span", { class: "emoji" }, one.emoji),
      element("span", {}, one.count),
      visuallyHidden(` ${t("messages.reacted_by", { names: names.join(", ") })}`),
    );
  });
  return element("div", { class: "reactions" }, buttons);
}

// A message that is being sent, waits for the network, or was refused.
export function unsentRow(message, online) {
  const failed = message.state === "failed";
  const status = failed ? t("messages.not_sent") : online ? t("messages.sending") : t("messages.waiting");
  return element(
    "li",
    { class: `message mine unsent ${message.state}`, "data-client": message.clientId },
    element(
      "div",
      { class: "grow" },
      element(
        "div",
        { class: "bubble-row" },
        element(
          "div",
          { class: "bubble" },
          element("div", { class: "content", dir: "auto" }, richText(message.content)),
          element("span", { class: "message-time" }, status),
        ),
      ),
      failed &&
        element(
          "p",
          { class: "error-text row", role: "alert" },
          message.detail,
          element("button", { type: "button", class: "link", "data-action": "retry" }, t("messages.retry")),
          element("button", { type: "button", class: "link", "data-action": "discard" }, t("common.delete")),
        ),
    ),
  );
}

export function dayDivider(text) {
  return element("li", { class: "day-divider" }, element("span", {}, text));
}

// One row in place of a run of system messages, up to that with `seq`.
export function foldRow(summary, firstId, seq) {
  const expand = element(
    "button",
    { type: "button", class: "link", "data-action": "expand", "data-message": firstId, tabindex: "-1" },
    t("messages.show_all"),
  );
  const text = element("span", { dir: "auto" }, summary, " ");
  const attributes = { class: "system-message", "data-first": firstId, "data-seq": seq, tabindex: "-1" };
  return element("li", attributes, text, expand);
}

export function newDivider() {
  return element("li", { class: "new-divider" }, element("span", {}, t("messages.new")));
}
