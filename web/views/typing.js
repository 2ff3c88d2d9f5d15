// Who is typing in the open conversation, and the user's own typing notifications. Both are ephemeral:
// they may be lost and expire by themselves.

import { element, setChildren } from "../components/dom.js";
import { t } from "../i18n.js";

const REPEAT_MS = 4_000;
const EXPIRE_MS = 7_000;
const DEADLINE_MS = 5_000;

export class Typing {
  #session;
  #conversation;
  #timers = new Map();
  #sentAt = null;

  constructor(session, conversation, scope) {
    this.#session = session;
    this.#conversation = conversation;
    this.element = element("p", { class: "typing one-line", role: "status" });
    scope.keep(conversation.typing.on(({ user_id: userId, active }) => this.#onTyping(userId, active)));
    scope.keep(() => {
      this.#timers.forEach(clearTimeout);
      this.update(false);
    });
  }

  // Called on each input.
  update(hasText) {
    const now = performance.now();
    const repeats = this.#sentAt !== null && now - this.#sentAt < REPEAT_MS;
    if (hasText ? repeats : this.#sentAt === null) return;
    this.#sentAt = hasText ? now : null;
    if (!this.#session.socket.isLive) return;
    const command = { type: "typing", conversation_id: this.#conversation.id, active: hasText };
    this.#session.socket.send(command, DEADLINE_MS).catch(() => null);
  }

  #onTyping(userId, active) {
    clearTimeout(this.#timers.get(userId));
    this.#timers.delete(userId);
    if (active) {
      const expire = () => this.#onTyping(userId, false);
      this.#timers.set(userId, setTimeout(expire, EXPIRE_MS));
    }
    const names = [...this.#timers.keys()].map((id) => this.#session.users.name(id));
    let text = null;
    if (names.length === 1) text = t("typing.one", { name: names[0] });
    else if (names.length === 2) text = t("typing.two", { first: names[0], second: names[1] });
    else if (names.length > 2) text = t("typing.several");
    setChildren(this.element, text);
  }
}
