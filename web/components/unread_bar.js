// Shows how many messages are unread below, with ways to skip them.

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
    const shown = count >= MAX_COUNT ? `${MAX_COUNT - 1}+` : count;
    setChildren(
      this.element,
      element("span", { class: "grow" }, count === 1 ? "1 new message" : `${shown} new messages`),
      button("Jump to latest", this.#onJump, { class: "link" }),
      button("Mark as read", this.#onMarkRead, { class: "link" }),
    );
    this.element.hidden = false;
  }

  hide() {
    this.element.hidden = true;
  }
}
