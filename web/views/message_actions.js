// What a user does with a message of the open conversation. The commands go over the socket and are
// idempotent; the timeline changes when the server's frame arrives.

import { confirmDialog, Dialog } from "../components/dialog.js";
import { Field, Form } from "../components/form.js";
import { textLength } from "../components/linkify.js";
import { reportDialog } from "../components/report_dialog.js";
import { toast, toastError } from "../components/toast.js";

const MAX_LENGTH = 4000;

export class MessageActions {
  #session;
  #conversation;

  constructor(session, conversation) {
    this.#session = session;
    this.#conversation = conversation;
  }

  // The actions that the menu of a message offers.
  for(message, reply) {
    const { info } = this.#conversation;
    const mine = this.#session.isMe(message.sender_id);
    const mayDelete = mine || info.admins.includes(this.#session.user.id);
    return {
      react: (emoji) => this.react(message, emoji, true),
      reply: () => reply(message),
      edit: mine && (() => this.edit(message)),
      copy: navigator.clipboard && (() => copyText(message.content)),
      remove: mayDelete && (() => this.#delete(message)),
      report: !mine && (() => reportDialog(this.#session, "message", message.id)),
    };
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

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied");
  } catch {
    toast("Copying is not allowed in this browser.", { kind: "error" });
  }
}
