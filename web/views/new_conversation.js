// Starts a conversation: with one user a direct one, of which there is one per pair, else a group.

import { element } from "../components/dom.js";
import { Field, Form } from "../components/form.js";
import { icon } from "../components/icons.js";
import { toastRequested } from "../components/toast_requested.js";
import { UserPicker } from "../components/user_picker.js";
import { t } from "../i18n.js";
import { IdempotencyKey, newId } from "../network/idempotency_key.js";

export function newConversation(session) {
  const idempotencyKey = new IdempotencyKey();
  const name = new Field("name", t("messages.group_name"), { maxlength: 100 });
  const asGroup = element("input", { type: "checkbox", onchange: show });
  const groupOption = element("label", { class: "check" }, asGroup, t("messages.create_group"));
  const picker = new UserPicker(session, { label: t("messages.to"), onChange: show });

  function show() {
    const several = picker.selected.length > 1;
    groupOption.hidden = several;
    name.element.hidden = !several && !asGroup.checked;
  }

  async function send(values) {
    const participants = picker.selected.map((card) => card.id);
    if (participants.length === 0) throw new Error(t("messages.select_one"));
    const group = participants.length > 1 || asGroup.checked;
    const body = group ? { type: "GROUP", participants } : { type: "DIRECT", participants };
    if (group && values.name.trim()) body.name = values.name.trim();
    // A direct conversation may exist: a new key makes the server return its current state.
    const key = group ? idempotencyKey.keyFor(body) : newId();
    const info = await session.api.post("/v1/conversations", body, key);
    toastRequested(info.requested?.length ?? 0);
    location.replace(`#/messages/${session.conversations.add(info).id}`);
  }

  const form = new Form([picker.element, groupOption, name], { submit: t("messages.start_submit"), send });
  show();
  // After the router has moved the focus to the heading of a new view.
  requestAnimationFrame(() => picker.focus());
  return element(
    "div",
    { class: "conversation new-conversation" },
    element(
      "header",
      { class: "row conversation-header" },
      element(
        "a",
        { href: "#/messages", class: "icon-button back", "aria-label": t("messages.back") },
        icon("back"),
      ),
      element("h2", { tabindex: "-1" }, t("messages.new_conversation")),
    ),
    element("div", { class: "scroll-area padded" }, form.element),
  );
}
