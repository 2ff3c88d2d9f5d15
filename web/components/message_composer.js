// Where a message is written. With a keyboard Enter sends and Shift+Enter starts a new line. The text is
// kept as a draft until it was sent.

import { t } from "../i18n.js";
import { MemberNames } from "../state/member_names.js";
import { element, setChildren } from "./dom.js";
import { pickEmoji } from "./emoji_picker.js";
import { addFormattingKeys } from "./formatting_keys.js";
import { icon } from "./icons.js";
import { excerpt } from "./excerpt.js";
import { textLength } from "./linkify.js";
import { MentionSuggestions } from "./mention_suggestions.js";

const MAX_LENGTH = 4000;
const WARN_BELOW = 200;
const QUOTE_LENGTH = 60;

// `onSent()` is called after a message was handed over, `onTyping(hasText)` while the user types, `onEditLast()` for the up
// arrow in an empty field, and `onPage(step)` for Page Up (-1) and Page Down (1).
export function messageComposer(session, conversation, { onSent, onTyping, onEditLast, onPage }) {
  const replyBar = element("div", {});
  const counter = element("span", { class: "counter" });
  const input = element("textarea", {
    rows: 1,
    dir: "auto",
    "aria-label": t("messages.message"),
    placeholder: t("messages.write"),
    class: "message-input",
  });
  const sendButton = element(
    "button",
    { type: "submit", class: "primary round", "aria-label": t("messages.send") },
    icon("send"),
  );
  const emojiButton = element(
    "button",
    {
      type: "button",
      class: "icon-button",
      "aria-label": t("messages.insert_emoji"),
      onclick: () => pickEmoji(insert),
    },
    icon("smile"),
  );
  addFormattingKeys(input);
  const names = new MemberNames(session.api, session.user.id, conversation);
  const mentions = new MentionSuggestions(names, input);
  let replyTo = null;

  function update() {
    const length = textLength(input.value);
    counter.textContent = length > MAX_LENGTH - WARN_BELOW ? String(MAX_LENGTH - length) : "";
    counter.classList.toggle("over", length > MAX_LENGTH);
    sendButton.disabled = length === 0 || length > MAX_LENGTH;
  }

  function insert(emoji) {
    input.setRangeText(emoji, input.selectionStart, input.selectionEnd, "end");
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.focus();
  }

  async function submit(event) {
    event.preventDefault();
    update();
    if (sendButton.disabled || input.readOnly) return;
    const lookUp = names.lookUp(input.value);
    if (lookUp !== null) {
      input.readOnly = true;
      await lookUp;
      input.readOnly = false;
    }
    session.unsent.send(conversation.id, input.value.trim(), {
      mentions: names.idsIn(input.value),
      replyTo: replyTo?.id ?? null,
    });
    input.value = "";
    session.drafts.set(conversation.id, "");
    reply(null);
    update();
    onTyping(false);
    onSent();
  }

  function reply(message) {
    replyTo = message;
    if (message) session.drafts.replies.set(conversation.id, message);
    else session.drafts.replies.delete(conversation.id);
    setChildren(replyBar, message && replyPreview(message, session, cancelReply));
    if (message) input.focus();
  }

  function cancelReply() {
    reply(null);
    input.focus();
  }

  const form = element(
    "form",
    { class: "message-composer", onsubmit: submit },
    replyBar,
    mentions.element,
    element("div", { class: "row" }, input, counter, emojiButton, sendButton),
  );
  input.value = session.drafts.get(conversation.id);
  input.addEventListener("input", () => {
    update();
    session.drafts.set(conversation.id, input.value);
    onTyping(input.value.trim().length > 0);
  });
  input.addEventListener("keydown", (event) => {
    if (mentions.onKey(event)) return;
    if (event.key === "Escape" && !event.isComposing && replyTo !== null) reply(null);
    if (event.key === "ArrowUp" && !event.altKey && input.value === "") {
      event.preventDefault();
      onEditLast();
    }
    const step = { PageUp: -1, PageDown: 1 }[event.key];
    if (step && input.scrollHeight <= input.clientHeight) {
      event.preventDefault();
      onPage(step);
    }
    const sends = matchMedia("(pointer: fine)").matches || event.ctrlKey || event.metaKey;
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || !sends) return;
    event.preventDefault();
    form.requestSubmit();
  });
  reply(session.drafts.replies.get(conversation.id) ?? null);
  update();
  return { element: form, reply, focus: () => input.focus() };
}

function replyPreview(message, session, cancel) {
  const text = excerpt(message.content, QUOTE_LENGTH);
  const label = session.isMe(message.sender_id)
    ? t("messages.replying_to_self", { text })
    : t("messages.replying_to", { name: session.users.name(message.sender_id), text });
  return element(
    "div",
    { class: "reply-bar row" },
    element("span", { class: "grow one-line", dir: "auto" }, label),
    element(
      "button",
      { type: "button", class: "icon-button", "aria-label": t("messages.cancel_reply"), onclick: cancel },
      icon("close"),
    ),
  );
}
