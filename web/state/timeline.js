// The loaded messages of one conversation: a window of its history without holes, in order of `seq`.
//
//     pages (HTTP) --+
//                    +--> upsert by id, the higher `changed_seq` wins --> messages
//     frames --------+
//
// The window has at most `limit` messages. It moves with `loadOlder` and `loadNewer`, and jumps with
// `loadLatest` and `loadAround`. Frames outside of it are ignored: they come with their page.

import { Signal } from "./signal.js";

const PAGE = 50;
const MAX_QUOTED = 500;
export const WINDOW = 150;

export class Timeline {
  #api;
  #path;
  #limit;
  #byId = new Map();
  // Frames that arrived while a page was read. They may be newer than the page.
  #arrived = new Map();
  // Messages that others quote and that were not in the window; null while one is read, and if there is none.
  #quoted = new Map();
  #reads = 0;
  #generation = 0;
  #running = new Map();

  constructor(api, conversationId, limit = WINDOW) {
    this.#api = api;
    this.#path = `/v1/conversations/${encodeURIComponent(conversationId)}/messages`;
    this.#limit = limit;
    this.messages = [];
    this.loaded = false;
    this.hasOlder = false;
    this.hasNewer = false;
    // Which end is kept when live messages exceed the limit.
    this.keepsNewest = true;
    // Emits the messages that changed, or null when the whole window was replaced or dropped.
    this.changed = new Signal();
    // A quoted message was read.
    this.quotesChanged = new Signal();
  }

  // A message that another one quotes, from the window or read once; null until it is there.
  quoted(messageId) {
    const known = this.find(messageId) ?? this.#quoted.get(messageId);
    if (known === undefined) this.#readQuoted(messageId);
    return known ?? null;
  }

  // A message from the server. Throws `Refused`.
  read(messageId) {
    return this.#api.get(`${this.#path}/${encodeURIComponent(messageId)}`);
  }

  async #readQuoted(messageId) {
    if (this.#quoted.size >= MAX_QUOTED) this.#quoted.clear();
    this.#quoted.set(messageId, null);
    try {
      this.#quoted.set(messageId, await this.read(messageId));
      this.quotesChanged.emit();
    } catch (error) {
      if (error.status !== 404) this.#quoted.delete(messageId);
    }
  }

  find(messageId) {
    return this.#byId.get(messageId) ?? null;
  }

  hasSent(clientId, senderId) {
    return (
      this.messages.findLast((one) => one.client_id === clientId && one.sender_id === senderId) !== undefined
    );
  }

  // Unread messages after `readSeq`, or null if the window does not hold all of them.
  countUnread(readSeq, userId) {
    const complete = this.loaded && !this.hasNewer && (!this.hasOlder || this.messages[0].seq <= readSeq + 1);
    if (!complete) return null;
    return this.messages.filter(
      (one) =>
        one.seq > readSeq &&
        one.sender_id !== userId &&
        one.message_type === "TEXT" &&
        one.deleted_at === null,
    ).length;
  }

  put(message) {
    if (this.#quoted.has(message.id)) {
      this.#quoted.set(message.id, message);
      this.quotesChanged.emit();
    }
    if (this.#reads > 0) {
      const arrived = this.#arrived.get(message.id);
      if (!arrived || arrived.changed_seq < message.changed_seq) this.#arrived.set(message.id, message);
    }
    if (this.loaded && this.#putInside(message)) {
      this.#trim(this.keepsNewest);
      this.changed.emit([message]);
    }
  }

  // Drops the window: too much was missed to read it from the log.
  reset() {
    this.#generation += 1;
    this.#replace([], false, false);
    this.loaded = false;
    this.changed.emit(null);
  }

  async loadLatest() {
    const generation = (this.#generation += 1);
    await this.#read(generation, async () => {
      const items = await this.#page({});
      return () => this.#replace(items, items.length === PAGE, false);
    });
  }

  // The messages on both sides of `seq`.
  async loadAround(seq) {
    const generation = (this.#generation += 1);
    await this.#read(generation, async () => {
      const [before, after] = await Promise.all([
        this.#page({ before: seq + 1 }),
        this.#page({ after: seq }),
      ]);
      return () => this.#replace([...before, ...after], before.length === PAGE, after.length === PAGE);
    });
  }

  loadOlder() {
    return this.#once("older", () =>
      this.#extend(
        () => ({ before: this.messages[0].seq }),
        (count) => {
          this.hasOlder = count === PAGE;
          this.#trim(false);
        },
      ),
    );
  }

  loadNewer() {
    return this.#once("newer", () =>
      this.#extend(
        () => ({ after: this.messages.at(-1).seq }),
        (count) => {
          this.hasNewer = count === PAGE;
          this.#trim(true);
        },
      ),
    );
  }

  // The seq of the last message before `date`, or 0: a binary search over the history up to `lastSeq`.
  async seqBefore(date, lastSeq) {
    let low = 0;
    let high = lastSeq;
    while (low < high) {
      const middle = (low + high) >> 1;
      const { items } = await this.#api.get(this.#path, { after: middle, limit: 1 });
      if (items.length > 0 && new Date(items[0].created_at) < date) low = items[0].seq;
      else high = middle;
    }
    return low;
  }

  // One read at a time for each edge of a window.
  #once(edge, read) {
    const running = this.#running.get(edge);
    if (running?.generation === this.#generation) return running.promise;
    const started = { generation: this.#generation, promise: null };
    started.promise = read().finally(() => {
      if (this.#running.get(edge) === started) this.#running.delete(edge);
    });
    this.#running.set(edge, started);
    return started.promise;
  }

  async #extend(edge, finish) {
    if (!this.loaded || this.messages.length === 0) return;
    const generation = this.#generation;
    const query = edge();
    await this.#read(generation, async () => {
      const items = await this.#page(query);
      return () => {
        // A live message may have trimmed the edge meanwhile: the page would leave a hole.
        const now = edge();
        if (now.before !== query.before || now.after !== query.after) return;
        items.forEach((item) => this.#insert(item));
        finish(items.length);
      };
    });
  }

  // Reads pages; unless a jump or a reset came first, shows them and the frames that arrived meanwhile.
  async #read(generation, read) {
    this.#reads += 1;
    let apply;
    let arrived = [];
    try {
      apply = await read();
      arrived = [...this.#arrived.values()];
    } finally {
      this.#reads -= 1;
      if (this.#reads === 0) this.#arrived.clear();
    }
    if (generation !== this.#generation) return;
    apply();
    for (const message of arrived) this.#putInside(message);
    this.#trim(this.keepsNewest);
    this.changed.emit(null);
  }

  async #page(query) {
    const { items } = await this.#api.get(this.#path, { limit: PAGE, ...query });
    return items;
  }

  #replace(items, hasOlder, hasNewer) {
    const known = this.#byId;
    this.#byId = new Map();
    this.messages = [];
    this.loaded = true;
    this.hasOlder = hasOlder;
    this.hasNewer = hasNewer;
    for (const item of items) {
      const before = known.get(item.id);
      this.#insert(before && before.changed_seq > item.changed_seq ? before : item);
    }
  }

  #putInside(message) {
    if (!this.#byId.has(message.id)) {
      const beforeWindow = this.hasOlder && message.seq < (this.messages[0]?.seq ?? Infinity);
      const afterWindow = this.hasNewer && message.seq > (this.messages.at(-1)?.seq ?? 0);
      if (beforeWindow || afterWindow) return false;
    }
    return this.#insert(message);
  }

  #insert(message) {
    const known = this.#byId.get(message.id);
    if (known && known.changed_seq >= message.changed_seq) return false;
    this.#byId.set(message.id, message);
    const index = this.#indexOf(message.seq);
    this.messages.splice(index, known ? 1 : 0, message);
    return true;
  }

  // The index of the message with this seq, or where it belongs.
  #indexOf(seq) {
    let low = 0;
    let high = this.messages.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.messages[middle].seq < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #trim(keepNewest) {
    const surplus = this.messages.length - this.#limit;
    if (surplus <= 0) return;
    const dropped = keepNewest ? this.messages.splice(0, surplus) : this.messages.splice(-surplus);
    for (const message of dropped) this.#byId.delete(message.id);
    if (keepNewest) this.hasOlder = true;
    else this.hasNewer = true;
  }
}
