// Shows how many messages are unread below, with ways to skip them.

import { t } from "../i18n.js";
import { button, element, setChildren } from "./dom.js";

const MAX_COUNT = 1000;

export class UnreadBar {
  #onJump;
  #onMarkRead;
  element = element("div", { class: "unread-bar", hidden: true });

  constructor({ onJump, onMarkRead }) {
    this.#onJump = onJump;
    this.#onMarkRead = onMarkRead;
  }

  show(count) {
    const text =
      count >= MAX_COUNT
        ? t("messages.many_new", { count: MAX_COUNT - 1 })
        : t("messages.new_count", { count });
    setChildren(
      this.element,
      element("span", { class: "grow" }, text),
      button(t("messages.jump_to_latest"), this.#onJump, { class: "link" }),
      button(t("messages.mark_read"), this.#onMarkRead, { class: "link" }),
    );
    this.element.hidden = false;
  }

  hide() {
    this.element.hidden = true;
  }
}
