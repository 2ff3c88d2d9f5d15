// Short messages that disappear by themselves. Screen readers announce them. Nothing that the user must act
// on appears only here.

import { t } from "../i18n.js";
import { element } from "./dom.js";
import { icon } from "./icons.js";

const SHOWN_MS = 6_000;
const MAX_TOASTS = 3;

export function toast(text, { kind = "info" } = {}) {
  const container = document.getElementById("toasts");
  const made = element(
    "div",
    { class: `toast ${kind}` },
    element("span", {}, text),
    element(
      "button",
      {
        type: "button",
        class: "icon-button",
        "aria-label": t("common.dismiss"),
        onclick: () => made.remove(),
      },
      icon("close"),
    ),
  );
  // The same text again replaces the first one.
  for (const shown of [...container.children]) if (shown.textContent === text) shown.remove();
  container.append(made);
  while (container.children.length > MAX_TOASTS) container.firstChild.remove();
  setTimeout(() => made.remove(), SHOWN_MS);
}

export function toastError(error) {
  if (error?.name !== "AbortError") toast(error?.message ?? String(error), { kind: "error" });
}
