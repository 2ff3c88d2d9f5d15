// Questions that stand before everything else, in the browser's own modal dialog: the focus stays inside,
// Escape closes, and afterwards the focus is where it was. It never stays open behind a change of place.

import { button, element, newElementId } from "./dom.js";
import { icon } from "./icons.js";

export class Dialog {
  constructor(title, ...content) {
    const id = newElementId("dialog");
    const close = element(
      "button",
      { type: "button", class: "bare", "aria-label": "Close", onclick: () => this.close() },
      icon("close"),
    );
    this.body = element("div", { class: "dialog-body" }, ...content);
    this.element = element(
      "dialog",
      { "aria-labelledby": id, onclose: () => this.element.remove() },
      element("header", { class: "row" }, element("h2", { id }, title), close),
      this.body,
    );
    // A press beside it closes it.
    this.element.addEventListener("click", (event) => event.target === this.element && this.close());
  }

  open() {
    document.body.append(this.element);
    this.element.showModal();
    return this;
  }

  close() {
    this.element.close();
  }
}

// Resolves whether it was agreed to.
export function agreed(title, text, yes, { grave = true } = {}) {
  return new Promise((resolve) => {
    let answer = false;
    const agree = () => {
      answer = true;
      dialog.close();
    };
    const dialog = new Dialog(
      title,
      element("p", {}, text),
      element(
        "div",
        { class: "row end" },
        button("Cancel", () => dialog.close(), { class: "plain" }),
        button(yes, agree, { class: grave ? "danger" : "primary" }),
      ),
    );
    dialog.element.addEventListener("close", () => resolve(answer));
    dialog.open();
  });
}

export function closeDialogs() {
  for (const one of document.querySelectorAll("dialog[open]")) one.close();
}
