// A popup menu in the browser's top layer, so nothing clips it. Narrow screens show it at the bottom. The
// browser closes it on Escape and on a click elsewhere.

import { button, element, setChildren } from "./dom.js";
import { icon } from "./icons.js";

const NARROW = matchMedia("(max-width: 44rem)");
const MARGIN_PX = 8;

export class Menu {
  #opener = null;

  constructor(label) {
    this.element = element("div", { class: "menu", popover: "auto", role: "menu", "aria-label": label });
    this.element.addEventListener("keydown", (event) => this.#onKey(event));
    this.element.addEventListener("toggle", (event) => {
      this.#opener?.setAttribute("aria-expanded", String(event.newState === "open"));
    });
  }

  // `items`: [label, act]. `icons`: [content, label, act], shown in a row above the items.
  open(opener, items, icons = []) {
    this.#opener = opener;
    const row = icons.map(([content, label, act]) => this.#item(content, act, label));
    setChildren(
      this.element,
      row.length > 0 && element("div", { class: "row" }, row),
      items.map(([label, act]) => this.#item(label, act)),
    );
    this.element.showPopover();
    this.#place(opener.getBoundingClientRect());
    this.element.querySelector("button").focus();
  }

  close() {
    if (this.element.matches(":popover-open")) this.element.hidePopover();
  }

  #item(content, act, label = null) {
    const run = () => {
      this.close();
      this.#opener?.focus();
      act();
    };
    return element(
      "button",
      { type: "button", role: "menuitem", class: "menu-item", "aria-label": label, onclick: run },
      content,
    );
  }

  // Below its opener if there is room, else above it, and always inside of the viewport.
  #place(anchor) {
    const { style } = this.element;
    style.left = style.top = "";
    if (NARROW.matches) return;
    const { width, height } = this.element.getBoundingClientRect();
    const left = Math.min(anchor.left, innerWidth - width - MARGIN_PX);
    const below = anchor.bottom + height + MARGIN_PX <= innerHeight;
    const top = below ? anchor.bottom : Math.max(MARGIN_PX, anchor.top - height);
    style.left = `${Math.max(MARGIN_PX, left)}px`;
    style.top = `${top}px`;
  }

  #onKey(event) {
    if (event.altKey) return;
    const items = [...this.element.querySelectorAll("button")];
    const index = items.indexOf(document.activeElement);
    const moves = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };
    let target = index + moves[event.key];
    if (event.key === "Home") target = 0;
    if (event.key === "End") target = -1;
    // Down from the icons leads to the first item below them.
    const inRow = items.filter((one) => one.parentElement !== this.element).length;
    if (event.key === "ArrowDown" && index < inRow) target = inRow;
    if (!Number.isNaN(target)) {
      items.at(target % items.length).focus();
      event.preventDefault();
    } else if (event.key === "Tab") {
      this.close();
      this.#opener?.focus();
    }
  }
}

// A button with three dots that opens a menu with the items that `itemsOf()` returns then. Returns the elements.
export function moreMenu(label, itemsOf, { className = "action" } = {}) {
  const menu = new Menu(label);
  const opener = button(icon("more"), () => menu.open(opener, itemsOf()), {
    class: className,
    "aria-haspopup": "menu",
    "aria-label": label,
  });
  return [opener, menu.element];
}
