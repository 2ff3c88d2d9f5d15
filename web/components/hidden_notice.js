// What moderators and the author see of a hidden content, and the button with which moderators hide or restore it.

import { t } from "../i18n.js";
import { button, element } from "./dom.js";
import { toastError } from "./toast.js";

export function hiddenNotice(content) {
  return content.hidden_at
    ? element("p", { class: "notice" }, t("moderation.hidden_notice"))
    : null;
}

// `onDone` is called after the content was hidden or restored.
export function hideButton(session, kind, content, onDone) {
  const type = content.hidden_at ? "restore" : "hide";
  const open = () =>
    import("./action_dialog.js").then(
      ({ actionDialog }) => actionDialog(session, { type, kind, id: content.id }, onDone),
      toastError,
    );
  const label = content.hidden_at ? t("moderation.restore") : t("moderation.hide");
  const pressed = button(label, open, { class: "action", hidden: !session.isModerator });
  // The role is known once the profile is loaded.
  session.loadProfile().then(
    () => (pressed.hidden = !session.isModerator),
    () => null,
  );
  return pressed;
}
