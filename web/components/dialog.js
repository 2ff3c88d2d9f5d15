// Modal dialogs, built on the browser's own: it traps focus, closes on Escape and restores the focus.

import { t } from "../i18n.js";
import { button, element, newElementId } from "./dom.js";
import { icon } from "./icons.js";

export class Dialog {
  #heading;

  constructor(title, ...content) {
    const id = newElementId("dialog");
    this.#heading = element("h2", { id }, title);
    const close = element(
      "button",
      { type: "button", class: "icon-button", "aria-label": t("common.close"), onclick: () => this.close() },
      icon("close"),
    );
    this.body = element("div", { class: "dialog-body" }, ...content);
    this.element = element(
      "dialog",
      { "aria-labelledby": id, onclose: () => this.#onClose() },
      element("header", { class: "row" }, this.#heading, close),
      this.body,
    );
    let hasInput = false;
    this.body.addEventListener("input", () => (hasInput = true));
    // A click on the backdrop has the dialog itself as its target. What was entered is not lost by one.
    this.element.addEventListener("click", (event) => {
      if (event.target === this.element && !hasInput) this.close();
    });
  }

  open() {
    document.body.append(this.element);
    this.element.showModal();
    placeToasts();
    return this;
  }

  setTitle(title) {
    this.#heading.textContent = title;
  }

  close() {
    this.element.close();
  }

  #onClose() {
    placeToasts();
    this.element.remove();
  }
}

// Into the dialog in front, because what is outside of it is dimmed, and can neither be clicked nor read out.
function placeToasts() {
  const dialogs = document.querySelectorAll("dialog[open]");
  ([...dialogs].at(-1) ?? document.body).append(document.getElementById("toasts"));
}

// Resolves to whether the user confirmed.
export function confirmDialog(title, text, confirmLabel, { destructive = true } = {}) {
  return new Promise((resolve) => {
    let confirmed = false;
    const confirm = () => {
      confirmed = true;
      dialog.close();
    };
    const dialog = new Dialog(
      title,
      element("p", {}, text),
      element(
        "div",
        { class: "row end" },
        button(t("common.cancel"), () => dialog.close(), { class: "plain" }),
        button(confirmLabel, confirm, { class: destructive ? "danger" : "primary" }),
      ),
    );
    dialog.element.addEventListener("close", () => resolve(confirmed));
    dialog.open();
  });
}

export function closeDialogs() {
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
}
