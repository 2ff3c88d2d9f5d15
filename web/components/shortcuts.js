// The list of keyboard shortcuts, opened by Ctrl + / and from the settings.

import { t } from "../i18n.js";
import { Dialog } from "./dialog.js";
import { element } from "./dom.js";

const SHORTCUTS = [
  [t("shortcuts.ctrl_slash"), t("shortcuts.show_list")],
  ["↑ ↓", t("shortcuts.move_rows")],
  ["← →", t("shortcuts.move_controls")],
  ["Enter", t("shortcuts.open_actions")],
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
  new Dialog(t("shortcuts.title"), element("dl", { class: "shortcuts" }, rows)).open();
}
