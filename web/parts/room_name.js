// How a conversation is called and looks: a direct one like the other person, a group by its name, or by
// those in it where it has none.

import { nameOf } from "../state/people.js";
import { avatar, groupAvatar } from "./avatar.js";

export function otherOf(room, session) {
  if (room.info.type !== "DIRECT") return null;
  return room.info.participants.find((one) => !session.isMe(one.id)) ?? null;
}

export function roomName(room, session) {
  const { info } = room;
  if (info.type === "DIRECT") {
    const other = otherOf(room, session);
    return other ? nameOf(other) : "Somebody who left";
  }
  if (info.name) return info.name;
  const others = info.participants.filter((one) => !session.isMe(one.id)).slice(0, 4);
  return others.length > 0 ? others.map(nameOf).join(", ") : "Only you";
}

export function roomAvatar(room, session, options = {}) {
  const other = otherOf(room, session);
  return other ? avatar(other, options) : groupAvatar(roomName(room, session), room.id, options);
}
