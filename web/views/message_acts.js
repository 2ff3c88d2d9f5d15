// What is done with one message of an open conversation, over the socket. Each may be asked for again after
// a loss without harm; what the server refuses is said. Nothing changes here until the server says so.

import { agreed, Dialog } from "../parts/dialog.js";
import { Field, Form } from "../parts/form.js";
import { report } from "../parts/report.js";
import { failed } from "../parts/toast.js";
import { length } from "../parts/words.js";

const MOST = 4000;

export function messageActs(session, room, list, writing) {
  function ask(type, message, more = {}) {
    return session.socket.ask({ type, conversation_id: room.id, message_id: message.id, ...more });
  }

  function edit(message) {
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
        if (length(values.content) > MOST) throw new Error(`A message has at most ${MOST} characters.`);
        await ask("message.edit", message, { content: values.content.trim() });
        dialog.close();
      },
    });
    const dialog = new Dialog("Edit this message", form.element).open();
    content.focus();
  }

  async function remove(message) {
    const text = "Its words go for everybody; that there was a message stays to be seen.";
    if (await agreed("Delete this message?", text, "Delete")) ask("message.delete", message).catch(failed);
  }

  return {
    react: (message, emoji, add) =>
      ask(add ? "reaction.add" : "reaction.remove", message, { emoji }).catch(failed),
    reply: (message) => writing.reply(message),
    report: (message) => report(session, "message", message.id),
    show: (messageId) => list.show(messageId),
    edit,
    remove,
  };
}
