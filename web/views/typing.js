// Who is writing in an open conversation, and telling the others that oneself is. Both are hints: they may
// be missed, end by themselves, and nobody waits for one.

import { element, fill } from "../parts/dom.js";

const AGAIN_MS = 4_000;
const SHOWN_MS = 7_000;
const DEADLINE_MS = 5_000;

export class Typing {
  #session;
  #room;
  #ends = new Map();
  #toldAt = null;

  constructor(session, room, scope) {
    this.#session = session;
    this.#room = room;
    this.element = element("p", { class: "typing", role: "status" });
    scope.keep(room.typing.on(({ user_id: userId, active }) => this.#heard(userId, active)));
    scope.keep(() => {
      this.#ends.forEach(clearTimeout);
      this.wrote(false);
    });
  }

  // Something was typed, or there is nothing (any more).
  wrote(something) {
    const now = performance.now();
    if (something ? this.#toldAt !== null && now - this.#toldAt < AGAIN_MS : this.#toldAt === null) return;
    this.#toldAt = something ? now : null;
    if (this.#session.socket.state.name !== "live") return;
    const command = { type: "typing", conversation_id: this.#room.id, active: something };
    this.#session.socket.ask(command, DEADLINE_MS).catch(() => null);
  }

  #heard(userId, active) {
    clearTimeout(this.#ends.get(userId));
    this.#ends.delete(userId);
    if (active)
      this.#ends.set(
        userId,
        setTimeout(() => this.#heard(userId, false), SHOWN_MS),
      );
    const names = [...this.#ends.keys()].map((id) => this.#session.people.name(id));
    fill(
      this.element,
      names.length === 0
        ? null
        : names.length > 2
          ? "Several people are writing…"
          : `${names.join(" and ")} ${names.length === 1 ? "is" : "are"} writing…`,
    );
  }
}
