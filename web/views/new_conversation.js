// Beginning a conversation: with one person it is the direct one, which there is once; with several a group.

import { element } from "../parts/dom.js";
import { Field, Form } from "../parts/form.js";
import { icon } from "../parts/icons.js";
import { Picker } from "../parts/picker.js";
import { newId, IdempotencyKey } from "../wire/idempotency_key.js";

export function newConversation(session) {
  const idempotencyKey = new IdempotencyKey();
  const name = new Field("name", "Name of the group", { maxlength: 100 });
  const asGroup = element("input", { type: "checkbox", onchange: show });
  const choice = element(
    "label",
    { class: "check" },
    asGroup,
    "Make it a group, to which others can be added",
  );
  const picker = new Picker(session, { label: "With whom?", onChange: show });

  function show() {
    const several = picker.chosen.length > 1;
    choice.hidden = several;
    name.element.hidden = !several && !asGroup.checked;
  }

  async function send(values) {
    const participants = picker.chosen.map((card) => card.id);
    if (participants.length === 0) throw new Error("Choose at least one person.");
    const group = participants.length > 1 || asGroup.checked;
    const body = group ? { type: "GROUP", participants } : { type: "DIRECT", participants };
    if (group && values.name.trim()) body.name = values.name.trim();
    // A direct conversation may stand already: its key is new each time, so the answer is how it is now.
    const info = await session.api.post("/v1/conversations", body, group ? idempotencyKey.keyFor(body) : newId());
    location.replace(`#/messages/${session.conversations.add(info).id}`);
  }

  const form = new Form([picker.element, choice, name], { submit: "Begin", send });
  show();
  return element(
    "div",
    { class: "room new-room" },
    element(
      "header",
      { class: "row room-head" },
      element(
        "a",
        { href: "#/messages", class: "bare back", "aria-label": "Back to the list" },
        icon("back"),
      ),
      element("h2", { tabindex: "-1" }, "New conversation"),
    ),
    element("div", { class: "scroller padded" }, form.element),
  );
}
