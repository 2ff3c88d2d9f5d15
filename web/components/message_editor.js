// The row of a message whose text is being changed, in its place. With a keyboard Enter saves, as it sends in the
// composer; Ctrl+Enter saves everywhere, and Escape cancels. What was typed is there again if the user leaves the
// conversation and edits the message later.

import { t } from "../i18n.js";
import { button, element } from "./dom.js";
import { addFormattingKeys } from "./formatting_keys.js";
import { textLength } from "./linkify.js";

const MAX_LENGTH = 4000;

// `save(content)` sends the change; `onClose()` is called after a change or without one.
export function messageEditor(message, { save, onClose, drafts }) {
  const draftKey = `edit:${message.id}`;
  const input = element("textarea", {
    rows: 1,
    dir: "auto",
    class: "message-input",
    "aria-label": t("messages.edit_title"),
  });
  const error = element("p", { class: "error-text", role: "alert", hidden: true });
  const saveButton = element("button", { type: "submit", class: "primary" }, t("common.save"));
  input.value = drafts.get(draftKey) || message.content;
  addFormattingKeys(input);

  function close() {
    drafts.set(draftKey, "");
    onClose();
  }

  async function submit(event) {
    event.preventDefault();
    const content = input.value.trim();
    if (input.readOnly) return;
    if (content === message.content) close();
    else if (content === "") fail(t("form.required", { field: t("messages.message") }));
    else if (textLength(content) > MAX_LENGTH) fail(t("messages.limit", { max: MAX_LENGTH }));
    else await send(content);
  }

  async function send(content) {
    input.readOnly = true;
    saveButton.disabled = true;
    try {
      await save(content);
      close();
    } catch (failure) {
      fail(failure.message);
    }
    input.readOnly = false;
    saveButton.disabled = false;
  }

  function fail(text) {
    error.textContent = text;
    error.hidden = false;
  }

  input.addEventListener("input", () =>
    drafts.set(draftKey, input.value === message.content ? "" : input.value),
  );
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.isComposing) {
      event.stopPropagation();
      close();
    }
    const saves = matchMedia("(pointer: fine)").matches || event.ctrlKey || event.metaKey;
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || !saves) return;
    event.preventDefault();
    form.requestSubmit();
  });
  const form = element(
    "form",
    { class: "message-editor stack", onsubmit: submit },
    input,
    error,
    element("div", { class: "row end" }, button(t("common.cancel"), close, { class: "plain" }), saveButton),
  );
  const row = element(
    "li",
    { class: "message mine editing", "data-key": message.id, "data-seq": message.seq },
    form,
  );
  return {
    row,
    focus: () => {
      input.focus({ preventScroll: true });
      input.setSelectionRange(input.value.length, input.value.length);
      row.scrollIntoView({ block: "nearest" });
    },
  };
}
