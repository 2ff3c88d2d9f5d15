// The items of a menu about something that another user wrote, the same everywhere: report it, block the user.

import { t } from "../i18n.js";
import { isDeleted, nameOf } from "../state/user_cards.js";
import { confirmDialog } from "./dialog.js";
import { toast, toastError } from "./toast.js";

// `kind`, `id`: of what is reported. `author`: a card, or null if it is not known. `onBlocked()` is called after the user
// was blocked.
export function safetyItems(session, { kind, id, author }, onBlocked = () => {}) {
  const openReport = () =>
    import("./report_dialog.js").then(({ reportDialog }) => reportDialog(session, kind, id)).catch(toastError);
  const report = [t("common.report"), openReport];
  if (author === null || isDeleted(author)) return [report];
  const label = t("profile.block_name", { name: nameOf(author) });
  return [report, [label, () => block(session, author, onBlocked)]];
}

async function block(session, card, onBlocked) {
  const title = t("profile.block_title", { name: nameOf(card) });
  if (!(await confirmDialog(title, t("profile.block_hint"), t("profile.block")))) return;
  try {
    await session.relationships.block(card);
    onBlocked();
    toast(t("profile.blocked", { name: nameOf(card) }));
  } catch (error) {
    toastError(error);
  }
}
