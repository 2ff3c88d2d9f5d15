// Under the user's last message: one tick if it is stored, two with who has read it, as far as the server reports
// it (groups of up to 100).

import { icon } from "../components/icons.js";
import { element } from "../components/dom.js";
import { t } from "../i18n.js";

export class Receipts {
  #cached = null;

  // {message, row}: the row to show after that message, or null. The row is kept while its text is the same.
  of(session, conversation, messages) {
    const last = messages.findLast((one) => one.message_type === "TEXT" && !one.deleted_at);
    if (last === undefined || !session.isMe(last.sender_id)) return null;
    const readers = new Set(last.delivery_status.read_by.map((one) => one.user_id));
    for (const [userId, seq] of conversation.readers) if (seq >= last.seq) readers.add(userId);
    readers.delete(session.user.id);
    const count = Math.max(readers.size, last.delivery_status.read_count);
    const names = [...readers].map((id) => session.users.name(id)).join(", ");
    const text =
      count === 0
        ? t("messages.sent")
        : conversation.info.type === "DIRECT"
          ? t("messages.read")
          : t("messages.read_by", { count });
    const key = `${last.id} ${text} ${names}`;
    if (this.#cached?.key !== key) this.#cached = { key, row: receiptRow(text, names, count > 0) };
    this.#cached.message = last;
    return this.#cached;
  }
}

function receiptRow(text, names, isRead) {
  const ticks = element(
    "span",
    { class: isRead ? "ticks read" : "ticks" },
    icon(isRead ? "checks" : "check"),
  );
  return element("li", { class: "receipt", title: names || null }, ticks, text);
}
