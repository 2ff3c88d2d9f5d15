// The messages of one conversation that are shown: the newest ones and, on request, those before them.
//
//     history (HTTP) --+
//                      +--> put: an upsert by id, the higher `changed_seq` wins --> ordered by seq
//     frames ----------+
//
// It is whole from its oldest message to its newest: it never shows a message from before a hole.

import { Signal } from "./signal.js";

const PAGE = 50;

export class Log {
  #api;
  #path;
  #byId = new Map();
  #early = new Map();
  #loading = null;

  constructor(api, conversationId) {
    this.#api = api;
    this.#path = `/v1/conversations/${encodeURIComponent(conversationId)}/messages`;
    this.messages = [];
    this.complete = false;
    this.loaded = false;
    this.changed = new Signal();
  }

  find(messageId) {
    return this.#byId.get(messageId) ?? null;
  }

  has(clientId, senderId) {
    return (
      this.messages.findLast((one) => one.client_id === clientId && one.sender_id === senderId) !== undefined
    );
  }

  // The newest page first, then the pages before it, one at a time.
  loadOlder() {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  put(message) {
    if (this.#put(message)) this.changed.emit([message]);
  }

  async #load() {
    const before = this.loaded ? this.messages[0]?.seq : undefined;
    const { items } = await this.#api.get(this.#path, { limit: PAGE, before });
    this.loaded = true;
    this.complete = items.length < PAGE;
    const changed = items.filter((item) => this.#insert(item));
    // What came while we read, and may be newer than what we read.
    const early = [...this.#early.values()];
    this.#early.clear();
    changed.push(...early.filter((one) => this.#put(one)));
    this.changed.emit(changed);
  }

  #put(message) {
    const known = this.#byId.get(message.id);
    if (known && known.changed_seq >= message.changed_seq) return false;
    const oldest = this.messages[0]?.seq ?? Infinity;
    if (!known && !this.complete && message.seq < oldest && !(this.loaded && this.messages.length === 0)) {
      if (this.#loading !== null) this.#early.set(message.id, message);
      return false;
    }
    return this.#insert(message);
  }

  #insert(message) {
    const known = this.#byId.get(message.id);
    if (known && known.changed_seq > message.changed_seq) return false;
    this.#byId.set(message.id, message);
    if (known) {
      this.messages[this.messages.indexOf(known)] = message;
      return true;
    }
    let place = this.messages.length;
    while (place > 0 && this.messages[place - 1].seq > message.seq) place -= 1;
    this.messages.splice(place, 0, message);
    return true;
  }
}
