// Conversations that the user marked as unread, from a message on. Kept in this browser, for all its tabs: the read mark of
// the server only moves forward.

import { Signal } from "./signal.js";

export class UnreadMarks {
  #key;
  #storage;
  #marks;
  #onStorage = ({ key }) => (key === this.#key || key === null) && this.#onChangedElsewhere();

  constructor(me, storage = localStorage) {
    this.#key = `convene.unread.${me.id}`;
    this.#storage = storage;
    this.#marks = this.#load();
    // Emits the id of a conversation.
    this.changed = new Signal();
  }

  start() {
    addEventListener("storage", this.#onStorage);
  }

  stop() {
    removeEventListener("storage", this.#onStorage);
  }

  // {seq, count, lastSeq}: the first message that is unread again, how many there were, and the end of the log then; or
  // null.
  get(conversationId) {
    return this.#marks.get(conversationId) ?? null;
  }

  // How many messages of a conversation are unread, with those that the user marked so.
  unreadOf({ id, info }) {
    const mark = this.get(id);
    if (mark === null) return info.unread_count;
    // The user has read on the server what is marked here, but not what came later.
    return info.read_seq >= mark.lastSeq
      ? mark.count + info.unread_count
      : Math.max(mark.count, info.unread_count);
  }

  set(conversationId, mark) {
    // Another tab may have changed others.
    this.#marks = this.#load().set(conversationId, mark);
    this.#onChange(conversationId);
  }

  clear(conversationId) {
    if (this.get(conversationId) === null) return;
    this.#marks = this.#load();
    this.#marks.delete(conversationId);
    this.#onChange(conversationId);
  }

  forget() {
    this.#storage.removeItem(this.#key);
  }

  #onChangedElsewhere() {
    const before = this.#marks;
    this.#marks = this.#load();
    for (const id of new Set([...before.keys(), ...this.#marks.keys()])) this.changed.emit(id);
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
