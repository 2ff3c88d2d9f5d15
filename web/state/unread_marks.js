// Conversations that the user marked as unread, from a message on. Kept in this browser: the read mark of the server only
// moves forward.

import { Signal } from "./signal.js";

export class UnreadMarks {
  #key;
  #storage;
  #marks;

  constructor(me, storage = localStorage) {
    this.#key = `convene.unread.${me.id}`;
    this.#storage = storage;
    this.#marks = this.#load();
    // Emits the id of a conversation.
    this.changed = new Signal();
  }

  // {seq, count}: the first message that is unread again, and how many there were; or null.
  get(conversationId) {
    return this.#marks.get(conversationId) ?? null;
  }

  set(conversationId, mark) {
    this.#marks.set(conversationId, mark);
    this.#onChange(conversationId);
  }

  clear(conversationId) {
    if (this.#marks.delete(conversationId)) this.#onChange(conversationId);
  }

  forget() {
    this.#storage.removeItem(this.#key);
  }

  #onChange(conversationId) {
    if (this.#marks.size === 0) this.forget();
    else this.#storage.setItem(this.#key, JSON.stringify([...this.#marks]));
    this.changed.emit(conversationId);
  }

  #load() {
    try {
      return new Map(JSON.parse(this.#storage.getItem(this.#key) ?? "[]"));
    } catch {
      return new Map();
    }
  }
}
