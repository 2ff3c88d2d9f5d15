// What moderators and the author see of a hidden item, and the button with which moderators hide or restore it.

import { actionDialog } from "./action_dialog.js";
import { button, element } from "./dom.js";

export function hiddenNotice(content) {
  return content.hidden_at
    ? element("p", { class: "notice" }, "Hidden by moderators. Only they and the author see it.")
    : null;
}

// `onDone` is called after the item was hidden or restored.
export function hideButton(session, kind, content, onDone) {
  const type = content.hidden_at ? "restore" : "hide";
  const open = () => actionDialog(session, { type, kind, id: content.id }, onDone);
  const label = content.hidden_at ? "Restore" : "Hide";
  const pressed = button(label, open, { class: "action", hidden: !session.isModerator });
  // The role is known once the profile is loaded.
  session.loadProfile().then(
    () => (pressed.hidden = !session.isModerator),
    () => null,
  );
  return pressed;
}
