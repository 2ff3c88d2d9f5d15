// A text field for a post or a comment with the number of characters left. The text is kept as a draft
// until it was sent. `send(body, key)` gets `content` and the values of `fields`, inputs by name.

import { t } from "../i18n.js";
import { IdempotencyKey } from "../network/idempotency_key.js";
import { UserNames } from "../state/user_names.js";
import { element, newElementId } from "./dom.js";
import { textLength } from "./linkify.js";
import { MentionSuggestions } from "./mention_suggestions.js";

const WARN_BELOW = 20;

// `text`: what the field holds without a draft.
export function composer(session, options) {
  const { label, maxLength, submit, send, draftKey, rows = 2, fields = {}, text = "" } = options;
  const { drafts } = session;
  const id = newElementId("composer");
  const idempotencyKey = new IdempotencyKey();
  const counter = element("span", { class: "counter", "aria-hidden": "true" });
  const error = element("p", { class: "error-text", role: "alert", hidden: true });
  const submitButton = element("button", { type: "submit", class: "primary", disabled: true }, submit);
  const input = element("textarea", {
    id,
    rows,
    dir: "auto",
    placeholder: label,
    "aria-describedby": `${id}-limit`,
  });
  const limit = element(
    "span",
    { id: `${id}-limit`, class: "visually-hidden" },
    t("composer.limit", { max: maxLength }),
  );
  const mentions = new MentionSuggestions(new UserNames(session.api, session.user.id), input);
  let sending = false;

  function update() {
    const left = maxLength - textLength(input.value);
    counter.textContent = left === maxLength ? "" : String(left);
    counter.classList.toggle("over", left < 0);
    submitButton.disabled = sending || left === maxLength || left < 0;
    if (left < 0) limit.textContent = t("composer.over", { count: -left });
    else if (left < WARN_BELOW) limit.textContent = t("composer.left", { count: left });
    else limit.textContent = t("composer.limit", { max: maxLength });
  }

  async function onSubmit(event) {
    event.preventDefault();
    if (submitButton.disabled) return;
    const body = { content: input.value.trim() };
    for (const [name, field] of Object.entries(fields)) body[name] = field.value;
    const byKeyboard = submitButton.matches(":focus-visible");
    sending = true;
    // What is typed now would be lost with what is sent.
    input.readOnly = true;
    error.hidden = true;
    update();
    try {
      await send(body, idempotencyKey.keyFor(body));
      idempotencyKey.clear();
      input.value = "";
      drafts.set(draftKey, "");
    } catch (failure) {
      error.textContent = failure.errors?.[0]?.detail ?? failure.message;
      error.hidden = false;
    }
    sending = false;
    input.readOnly = false;
    update();
    if (byKeyboard) (submitButton.disabled ? input : submitButton).focus();
  }

  const form = element(
    "form",
    { class: "composer", onsubmit: onSubmit, novalidate: true },
    element("label", { class: "visually-hidden", for: id }, label),
    input,
    mentions.element,
    error,
    element("div", { class: "row end" }, Object.values(fields), limit, counter, submitButton),
  );
  input.value = drafts.get(draftKey) || text;
  input.addEventListener("input", () => {
    update();
    drafts.set(draftKey, input.value);
  });
  input.addEventListener("keydown", (event) => {
    if (mentions.onKey(event)) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  update();
  return { element: form, input };
}
