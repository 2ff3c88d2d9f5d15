// The list of keyboard shortcuts, opened by Ctrl + / and from the settings.

import { t } from "../i18n.js";
import { Dialog } from "./dialog.js";
import { element } from "./dom.js";

const SHORTCUTS = [
  [t("shortcuts.ctrl_slash"), t("shortcuts.show_list")],
  [t("shortcuts.ctrl_k"), t("shortcuts.find_conversation")],
  ["Alt + ↑ ↓", t("shortcuts.next_conversation")],
  ["↑ ↓", t("shortcuts.move_rows")],
  ["← →", t("shortcuts.move_controls")],
  ["Enter", t("shortcuts.open_actions")],
  [t("shortcuts.page_keys"), t("shortcuts.scroll_messages")],
  [t("shortcuts.edit_last_keys"), t("shortcuts.edit_last")],
  ["Enter", t("shortcuts.send")],
  [t("shortcuts.shift_enter"), t("shortcuts.new_line")],
  [t("shortcuts.ctrl_enter"), t("shortcuts.submit")],
  [t("shortcuts.ctrl_b"), t("shortcuts.bold")],
  [t("shortcuts.ctrl_i"), t("shortcuts.italic")],
  ["@", t("shortcuts.mention")],
  ["Esc", t("shortcuts.cancel")],
];

export function startShortcuts() {
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || document.querySelector("dialog[open]")) return;
    if (event.key === "/") showShortcuts();
    else if (event.key === "k" && !event.shiftKey && !event.altKey && mayFind())
      location.hash = "#/messages?filter";
    else return;
    event.preventDefault();
  });
}

// The list of conversations has its own, which keeps the open one.
function mayFind() {
  return document.querySelector(".signed-in") !== null && !document.querySelector(".conversation-filter");
}

export function showShortcuts() {
  const rows = SHORTCUTS.flatMap(([keys, text]) => [
    element("dt", {}, element("kbd", {}, keys)),
    element("dd", {}, text),
  ]);
  new Dialog(t("shortcuts.title"), element("dl", { class: "shortcuts" }, rows)).open();
}
