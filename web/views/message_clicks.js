// Handles the clicks on all message rows with one listener: `data-action` names what a control does.

import { Menu } from "../components/menu.js";
import { t } from "../i18n.js";

export class MessageClicks {
  #actions;
  #unsent;
  #on;
  #menu = new Menu(t("messages.actions"));

  // `on`: find(messageId), showQuoted(messageId), expand(messageId), reply(message), edit(message),
  // markUnread(message), focusComposer().
  constructor(session, actions, on) {
    this.#actions = actions;
    this.#unsent = session.unsent;
    this.#on = on;
    this.menu = this.#menu.element;
  }

  listen(area) {
    area.addEventListener("click", (event) => this.#onClick(event));
    area.addEventListener("contextmenu", (event) => this.#onContextMenu(event));
  }

  #onClick(event) {
    const control = event.target.closest("[data-action]");
    if (control === null) return;
    const { key: messageId, client: clientId } = control.closest("li").dataset;
    // With the keyboard: the row and its controls are replaced.
    const focusComposer = () => event.detail === 0 && this.#on.focusComposer();
    const { action, emoji, message: quotedId } = control.dataset;
    switch (action) {
      case "menu":
        this.#openMenu(control, messageId);
        break;
      case "react":
      case "unreact":
        this.#actions.react(this.#on.find(messageId), emoji, action === "react");
        break;
      case "show":
        this.#on.showQuoted(quotedId);
        break;
      case "expand":
        this.#on.expand(quotedId);
        break;
      case "retry":
        this.#unsent.retry(clientId);
        focusComposer();
        break;
      default:
        this.#unsent.discard(clientId);
        focusComposer();
    }
  }

  // A long press on a touch screen.
  #onContextMenu(event) {
    if (event.pointerType !== "touch" || event.target.closest("a")) return;
    const row = event.target.closest("li[data-key]");
    const opener = row?.querySelector('[data-action="menu"]');
    if (!opener) return;
    event.preventDefault();
    this.#openMenu(opener, row.dataset.key);
  }

  #openMenu(opener, messageId) {
    const message = this.#on.find(messageId);
    const items = this.#actions.itemsFor(message, this.#on);
    this.#menu.open(opener, items, this.#actions.emojiFor(message));
  }
}
