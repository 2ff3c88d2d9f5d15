// Short messages that disappear by themselves. Screen readers announce them. Nothing that the user must act
// on appears only here.

import { t } from "../i18n.js";
import { element } from "./dom.js";
import { icon } from "./icons.js";

const SHOWN_MS = 6_000;
const MAX_TOASTS = 3;
// The one about a new version stays until it is dismissed.
const PASSING = ".toast:not(.new-client)";

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
  for (const shown of [...container.querySelectorAll(PASSING)].slice(0, -MAX_TOASTS)) shown.remove();
  setTimeout(() => made.remove(), SHOWN_MS);
}

export function toastError(error) {
  if (error?.name === "AbortError") return;
  // A part of the client could not be loaded, or has an error: its text is for developers.
  const text = error instanceof TypeError ? t("errors.reload") : (error?.message ?? String(error));
  toast(text, { kind: "error" });
}
