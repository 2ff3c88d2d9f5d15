// What moderators and the author see of a hidden item, and the item of a menu by which moderators hide or restore it.

import { t } from "../i18n.js";
import { element } from "./dom.js";
import { toastError } from "./toast.js";

export function hiddenNotice(content) {
  return content.hidden_at ? element("p", { class: "notice" }, t("moderation.hidden_notice")) : null;
}

// The item of a menu. `onDone` is called after the item was hidden or restored.
export function hideItem(session, kind, content, onDone) {
  const type = content.hidden_at ? "restore" : "hide";
  const open = () =>
    import("./moderation_dialog.js").then(
      ({ moderationDialog }) => moderationDialog(session, { type, kind, id: content.id }, onDone),
      toastError,
    );
  return [content.hidden_at ? t("moderation.restore") : t("moderation.hide"), open];
}
