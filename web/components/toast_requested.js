// Shows how many people have to accept before they join.

import { t } from "../i18n.js";
import { toast } from "./toast.js";

export function toastRequested(count) {
  if (count === 0) return;
  toast(t("messages.asked_to_join", { count }));
}
