// Short news at the edge of the page, which is also read aloud. Nothing that has to be acted on stands here
// alone.

import { button, element } from "./dom.js";
import { icon } from "./icons.js";

const SHOWN_MS = 6_000;

export function toast(text, { kind = "told", action = null } = {}) {
  const place = document.getElementById("toasts");
  const made = element(
    "div",
    { class: `toast ${kind}` },
    element("span", {}, text),
    action &&
      button(
        action.text,
        () => {
          made.remove();
          action.act();
        },
        { class: "plain" },
      ),
    element(
      "button",
      { type: "button", class: "bare", "aria-label": "Dismiss", onclick: () => made.remove() },
      icon("close"),
    ),
  );
  place.append(made);
  setTimeout(() => made.remove(), SHOWN_MS);
}

// A failure of something that was tried in passing.
export function failed(error) {
  if (error?.name !== "AbortError") toast(error?.message ?? String(error), { kind: "failure" });
}
