// Where a message is written. Enter sends where there is a keyboard, and Shift+Enter breaks the line; what
// is not sent yet is kept while one looks elsewhere. It never sends by itself.

import { element, fill } from "./dom.js";
import { icon } from "./icons.js";
import { quoteBar } from "./message_line.js";
import { length } from "./words.js";

const MOST = 4000;
const NEAR = 200;

// `sent()` and `wrote(something)` are told of what is done here.
export function messageWriting(session, room, { sent, wrote }) {
  const bar = element("div", {});
  const count = element("span", { class: "count" });
  const input = element("textarea", {
    rows: 1,
    dir: "auto",
    "aria-label": "Message",
    placeholder: "Write a message",
    class: "message-input",
  });
  const sending = element(
    "button",
    { type: "submit", class: "primary round", "aria-label": "Send" },
    icon("send"),
  );
  let replyTo = null;

  function measure() {
    const written = length(input.value);
    count.textContent = written > MOST - NEAR ? String(MOST - written) : "";
    count.classList.toggle("over", written > MOST);
    sending.disabled = written === 0 || written > MOST;
    if (input.value) session.drafts.set(room.id, input.value);
    else session.drafts.delete(room.id);
  }

  function submit(event) {
    event.preventDefault();
    measure();
    if (sending.disabled) return;
    session.outbox.push(room.id, input.value.trim(), {
      mentions: mentioned(input.value),
      replyTo: replyTo?.id ?? null,
    });
    input.value = "";
    reply(null);
    measure();
    wrote(false);
    sent();
  }

  function mentioned(text) {
    const names = new Set(
      [...text.matchAll(/(?<![\w@.])@([A-Za-z0-9_.]+)/g)].map((match) =>
        match[1].toLowerCase().replace(/\.+$/, ""),
      ),
    );
    return room.info.participants
      .filter((one) => names.has(one.username) && !session.isMe(one.id))
      .map((one) => one.id);
  }

  function reply(message) {
    replyTo = message;
    fill(bar, message && quoteBar(message, session, () => reply(null)));
    if (message) input.focus();
  }

  const form = element(
    "form",
    { class: "message-writing", onsubmit: submit },
    bar,
    element("div", { class: "row" }, input, count, sending),
  );
  input.value = session.drafts.get(room.id) ?? "";
  input.addEventListener("input", () => {
    measure();
    wrote(length(input.value) > 0);
  });
  input.addEventListener("keydown", (event) => {
    const withKeys = matchMedia("(pointer: fine)").matches || event.ctrlKey || event.metaKey;
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || !withKeys) return;
    event.preventDefault();
    form.requestSubmit();
  });
  measure();
  return { element: form, reply, focus: () => input.focus() };
}
