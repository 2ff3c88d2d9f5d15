// What a user does with a message of the open conversation. The commands go over the socket and are
// idempotent; the timeline changes when the server's frame arrives.

import { confirmDialog, Dialog } from "../components/dialog.js";
import { element } from "../components/dom.js";
import { pickEmoji } from "../components/emoji_picker.js";
import { safetyItems } from "../components/safety_items.js";
import { toast, toastError } from "../components/toast.js";
import { t } from "../i18n.js";

const EMOJI = ["👍", "❤️", "😂", "🎉", "😮", "😢"];

export class MessageActions {
  #session;
  #conversation;

  constructor(session, conversation) {
    this.#session = session;
    this.#conversation = conversation;
  }

  // The items of the menu of a message. `on`: reply(message), edit(message), markUnread(message).
  itemsFor(message, on) {
    const { info } = this.#conversation;
    const mine = this.#session.isMe(message.sender_id);
    const mayDelete = mine || info.admins.includes(this.#session.user.id);
    const link = `${location.origin}/#/messages/${this.#conversation.id}?at=${message.seq}`;
    return [
      [t("common.reply"), () => on.reply(message)],
      [t("messages.more_reactions"), () => pickEmoji((emoji) => this.react(message, emoji, true))],
      mine && [t("common.edit"), () => on.edit(message)],
      message.reactions.length > 0 && [t("messages.see_reactions"), () => this.#showReactions(message)],
      navigator.clipboard && [t("messages.copy_text"), () => copy(message.content)],
      navigator.clipboard && [t("messages.copy_link"), () => copy(link)],
      !mine && [t("messages.mark_unread"), () => on.markUnread(message)],
      mayDelete && [t("common.delete"), () => this.#delete(message)],
      ...(mine ? [] : this.#safetyItems(message)),
    ].filter(Boolean);
  }

  #safetyItems({ id, sender_id: senderId }) {
    const author = this.#session.users.card(senderId);
    return safetyItems(this.#session, { kind: "message", id, author });
  }

  // The emoji that the menu offers.
  emojiFor(message) {
    return EMOJI.map((emoji) => [
      element("span", { class: "emoji" }, emoji),
      t("messages.react_with", { emoji }),
      () => this.react(message, emoji, true),
    ]);
  }

  react(message, emoji, add) {
    this.#send(add ? "reaction.add" : "reaction.remove", message, { emoji }).catch(toastError);
  }

  saveEdit(message, content) {
    return this.#send("message.edit", message, { content });
  }

  #showReactions(message) {
    const { users } = this.#session;
    const name = (id) => (this.#session.isMe(id) ? t("common.you") : users.name(id));
    const rows = message.reactions.map(({ emoji, count, user_ids: ids }) =>
      element(
        "li",
        { class: "row" },
        element("span", { class: "emoji" }, emoji),
        element("strong", {}, count),
        element(
          "span",
          { class: "grow" },
          [...ids.map(name), count > ids.length && t("messages.more_people", { count: count - ids.length })]
            .filter(Boolean)
            .join(", "),
        ),
      ),
    );
    new Dialog(t("messages.reactions"), element("ul", { class: "plain-list stack" }, rows)).open();
  }

  async #delete(message) {
    const text = t("messages.delete_hint");
    if (await confirmDialog(t("messages.delete_title"), text, t("common.delete")))
      this.#send("message.delete", message).catch(toastError);
  }

  #send(type, message, fields = {}) {
    return this.#session.socket.send({
      type,
      conversation_id: this.#conversation.id,
      message_id: message.id,
      ...fields,
    });
  }
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast(t("common.copied"));
  } catch {
    toast(t("messages.copy_failed"), { kind: "error" });
  }
}
