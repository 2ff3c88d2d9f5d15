// A live region for screen readers. A single message is read out, a burst is announced as a number.

import { t } from "../i18n.js";
import { summarize } from "../state/system_messages.js";
import { element, setChildren } from "./dom.js";
import { excerpt } from "./excerpt.js";
import { usersName } from "./message_row.js";

const DELAY_MS = 1_000;
const MAX_LENGTH = 200;

export class MessageAnnouncer {
  #session;
  #waiting = [];
  #timer = null;
  element = element("div", { class: "visually-hidden", "aria-live": "polite" });

  constructor(session, scope) {
    this.#session = session;
    scope.keep(() => clearTimeout(this.#timer));
  }

  announce(messages) {
    this.#waiting.push(...messages);
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      const count = this.#waiting.length;
      const text = count > 1 ? t("messages.new_count", { count }) : this.#textOf(this.#waiting[0]);
      this.#waiting = [];
      setChildren(this.element, text);
    }, DELAY_MS);
  }

  #textOf(message) {
    const { user, users } = this.#session;
    if (message.message_type === "SYSTEM")
      return summarize([message.content], (name) => usersName(this.#session, name), user.username);
    return `${users.name(message.sender_id)}: ${excerpt(message.content, MAX_LENGTH)}`;
  }
}
