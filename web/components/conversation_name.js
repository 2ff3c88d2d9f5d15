// The name and avatar of a conversation: those of the other user in a direct conversation, else the group's
// name or the names of its members.

import { t } from "../i18n.js";
import { nameOf } from "../state/user_cards.js";
import { avatar, groupAvatar } from "./avatar.js";

export function otherUser(conversation, session) {
  if (conversation.info.type !== "DIRECT") return null;
  const other = conversation.info.participants.find((one) => !session.isMe(one.id));
  return other ? session.users.latest(other) : null;
}

export function conversationName(conversation, session) {
  const { info } = conversation;
  if (info.type === "DIRECT") {
    const other = otherUser(conversation, session);
    return other ? nameOf(other) : t("people.deleted_user");
  }
  if (info.name) return info.name;
  const others = info.participants.filter((one) => !session.isMe(one.id)).slice(0, 4);
  return others.length > 0 ? others.map((one) => nameOf(session.users.latest(one))).join(", ") : t("messages.only_you");
}

export function conversationAvatar(conversation, session, options = {}) {
  const other = otherUser(conversation, session);
  const name = conversationName(conversation, session);
  return other ? avatar(other, options) : groupAvatar(name, conversation.id, options);
}
