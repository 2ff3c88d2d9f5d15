// What a user does with a message of the open conversation. The commands go over the socket and are
// idempotent; the timeline changes when the server's frame arrives.

import { confirmDialog, Dialog } from "../components/dialog.js";
import { element } from "../components/dom.js";
import { pickEmoji } from "../components/emoji_picker.js";
import { Field, Form } from "../components/form.js";
import { addFormattingKeys } from "../components/formatting_keys.js";
import { textLength } from "../components/linkify.js";
import { reportDialog } from "../components/report_dialog.js";
import { toast, toastError } from "../components/toast.js";

const MAX_LENGTH = 4000;
const EMOJI = ["👍", "❤️", "😂", "🎉", "😮", "😢"];

export class MessageActions {
  #session;
  #conversation;

  constructor(session, conversation) {
    this.#session = session;
    this.#conversation = conversation;
  }

  // The items of the menu of a message.
  itemsFor(message, reply) {
    const { info } = this.#conversation;
    const mine = this.#session.isMe(message.sender_id);
    const mayDelete = mine || info.admins.includes(this.#session.user.id);
    const link = `${location.origin}/#/messages/${this.#conversation.id}?at=${message.seq}`;
    return [
      ["Reply", () => reply(message)],
      ["More reactions…", () => pickEmoji((emoji) => this.react(message, emoji, true))],
      mine && ["Edit", () => this.edit(message)],
      message.reactions.length > 0 && ["See reactions", () => this.#showReactions(message)],
      navigator.clipboard && ["Copy text", () => copy(message.content)],
      navigator.clipboard && ["Copy link", () => copy(link)],
      mayDelete && ["Delete", () => this.#delete(message)],
      !mine && ["Report", () => reportDialog(this.#session, "message", message.id)],
    ].filter(Boolean);
  }

  // The emoji that the menu offers.
  emojiFor(message) {
    return EMOJI.map((emoji) => [
      element("span", { class: "emoji" }, emoji),
      `React with ${emoji}`,
      () => this.react(message, emoji, true),
    ]);
  }

  react(message, emoji, add) {
    this.#send(add ? "reaction.add" : "reaction.remove", message, { emoji }).catch(toastError);
  }

  edit(message) {
    const content = new Field("content", "Message", {
      kind: "textarea",
      rows: 4,
      value: message.content,
      required: true,
      dir: "auto",
    });
    addFormattingKeys(content.input);
    const form = new Form([content], {
      submit: "Save",
      send: async (values) => {
        if (textLength(values.content) > MAX_LENGTH)
          throw new Error(`Messages can have at most ${MAX_LENGTH} characters.`);
        await this.#send("message.edit", message, { content: values.content.trim() });
        dialog.close();
      },
    });
    const dialog = new Dialog("Edit message", form.element).open();
    content.focus();
  }

  #showReactions(message) {
    const { users } = this.#session;
    const name = (id) => (this.#session.isMe(id) ? "You" : users.name(id));
    const rows = message.reactions.map(({ emoji, count, user_ids: ids }) =>
      element(
        "li",
        { class: "row" },
        element("span", { class: "emoji" }, emoji),
        element("strong", {}, count),
        element("span", { class: "grow" }, ids.map(name).join(", ")),
      ),
    );
    new Dialog("Reactions", element("ul", { class: "plain-list stack" }, rows)).open();
  }

  async #delete(message) {
    const text = "Its text is removed for everyone.";
    if (await confirmDialog("Delete this message?", text, "Delete"))
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
    toast("Copied");
  } catch {
    toast("Copying is not allowed in this browser.", { kind: "error" });
  }
}
