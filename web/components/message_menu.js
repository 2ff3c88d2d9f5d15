// The menu of one message: reactions, reply, and edit, delete or report as far as the user may. A message
// list has one menu, in the browser's top layer, so nothing clips it. Narrow screens show it at the bottom.

import { element, setChildren } from "./dom.js";

const EMOJI = ["👍", "❤️", "😂", "🎉", "😮", "😢"];
const NARROW = matchMedia("(max-width: 44rem)");
const MARGIN_PX = 8;

export class MessageMenu {
  #menu = element("div", {
    class: "message-menu",
    popover: "auto",
    role: "menu",
    "aria-label": "Message actions",
  });
  #opener = null;

  constructor() {
    this.element = this.#menu;
    this.#menu.addEventListener("keydown", (event) => this.#onKey(event));
    this.#menu.addEventListener("toggle", (event) => {
      this.#opener?.setAttribute("aria-expanded", String(event.newState === "open"));
    });
  }

  // `items`: {react(emoji), reply, edit, copy, remove, report}; an item that is missing is not offered.
  open(opener, { react, ...items }) {
    this.#opener = opener;
    const emoji = EMOJI.map((one) =>
      this.#item(element("span", { class: "emoji" }, one), () => react(one), `React with ${one}`),
    );
    const labels = { reply: "Reply", edit: "Edit", copy: "Copy text", remove: "Delete", report: "Report" };
    const entries = Object.entries(labels)
      .filter(([name]) => items[name])
      .map(([name, label]) => this.#item(label, items[name]));
    setChildren(this.#menu, element("div", { class: "row" }, emoji), entries);
    this.#menu.showPopover();
    this.#place(opener.getBoundingClientRect());
    this.#menu.querySelector("button").focus();
  }

  close() {
    if (this.#menu.matches(":popover-open")) this.#menu.hidePopover();
  }

  #item(label, act, name = null) {
    return element(
      "button",
      {
        type: "button",
        role: "menuitem",
        class: "menu-item",
        "aria-label": name,
        onclick: () => {
          this.close();
          this.#opener?.focus();
          act();
        },
      },
      label,
    );
  }

  // Below its button if there is room, else above it, and always inside of the viewport.
  #place(anchor) {
    const { style } = this.#menu;
    style.left = style.top = "";
    if (NARROW.matches) return;
    const { width, height } = this.#menu.getBoundingClientRect();
    const left = Math.min(anchor.left, innerWidth - width - MARGIN_PX);
    const below = anchor.bottom + height + MARGIN_PX <= innerHeight;
    const top = below ? anchor.bottom : Math.max(MARGIN_PX, anchor.top - height);
    style.left = `${Math.max(MARGIN_PX, left)}px`;
    style.top = `${top}px`;
  }

  #onKey(event) {
    const items = [...this.#menu.querySelectorAll("button")];
    const index = items.indexOf(document.activeElement);
    const moves = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };
    if (event.key in moves) {
      items.at((index + moves[event.key]) % items.length).focus();
      event.preventDefault();
    } else if (event.key === "Tab") {
      this.close();
      this.#opener?.focus();
    }
  }
}
