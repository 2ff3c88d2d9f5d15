// The list of keyboard shortcuts, opened by Ctrl + / and from the settings.

import { Dialog } from "./dialog.js";
import { element } from "./dom.js";

const SHORTCUTS = [
  ["Ctrl + /", "Show this list"],
  ["↑ ↓", "Move between conversations or messages"],
  ["← →", "Move between the links and buttons of a message"],
  ["Enter", "Open the actions of the focused message"],
  ["↑ in an empty message", "Edit your last message"],
  ["Enter", "Send a message"],
  ["Shift + Enter", "Start a new line"],
  ["Ctrl + Enter", "Post, comment or save"],
  ["Ctrl + B", "Bold: **text**"],
  ["Ctrl + I", "Italic: *text*"],
  ["@", "Mention someone"],
  ["Esc", "Cancel a reply, close a menu or a dialog"],
];

export function startShortcuts() {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || !(event.ctrlKey || event.metaKey) || document.querySelector("dialog[open]"))
      return;
    event.preventDefault();
    showShortcuts();
  });
}

export function showShortcuts() {
  const rows = SHORTCUTS.flatMap(([keys, text]) => [
    element("dt", {}, element("kbd", {}, keys)),
    element("dd", {}, text),
  ]);
  new Dialog("Keyboard shortcuts", element("dl", { class: "shortcuts" }, rows)).open();
}
