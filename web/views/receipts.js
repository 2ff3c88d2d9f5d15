// Who has read one's own last message, as far as the server tells: groups of up to a hundred.

import { element } from "../parts/dom.js";

export class Receipts {
  #kept = null;

  // {message, made}: the line to show behind that message, the same as long as it says the same; or null.
  of(session, room, messages) {
    const last = messages.findLast((one) => one.message_type === "TEXT" && !one.deleted_at);
    if (last === undefined || !session.isMe(last.sender_id)) return null;
    const readers = new Set(last.delivery_status.read_by.map((one) => one.user_id));
    for (const [userId, seq] of room.readers) if (seq >= last.seq) readers.add(userId);
    readers.delete(session.user.id);
    const count = Math.max(readers.size, last.delivery_status.read_count);
    if (count === 0) return null;
    const names = [...readers].map((id) => session.people.name(id)).join(", ");
    const text = room.info.type === "DIRECT" ? "Read" : `Read by ${count}`;
    const said = `${last.id} ${text} ${names}`;
    if (this.#kept?.said !== said)
      this.#kept = { said, message: last, made: element("li", { class: "receipt", title: names }, text) };
    this.#kept.message = last;
    return this.#kept;
  }
}
