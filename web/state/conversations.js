// All conversations of the user, by latest activity. The list is read over HTTP once the socket is ready;
// frames of conversations that are not known yet wait until it is.

import { pause } from "../network/backoff.js";
import { Refused } from "../network/errors.js";
import { Conversation } from "./conversation.js";
import { Signal } from "./signal.js";

const MAX_PAGES = 15;
const PAGE = 100;
const RETRY_MS = 2_000;
const TIMELINES_KEPT = 6;
const MAX_WAITING_FRAMES = 2000;

export class Conversations {
  #api;
  #me;
  #users;
  #unreadMarks;
  #byId = new Map();
  #waitingFrames = [];
  #reading = null;
  #readAgain = false;
  #opened = [];
  #connections = 0;
  #removals = 0;
  // Conversations that were left while the list was read: the list may still name them.
  #removedIds = new Set();
  #closed = false;

  // `unreadMarks` may be null.
  constructor(api, me, users, unreadMarks = null) {
    this.#api = api;
    this.#me = me;
    this.#users = users;
    this.#unreadMarks = unreadMarks;
    this.loaded = false;
    this.changed = new Signal();
    // The user shares a conversation with people who were not visible before.
    this.contactsChanged = new Signal();
    this.removed = new Signal();
    // A new message arrived live: {conversation, message}.
    this.messageArrived = new Signal();
    unreadMarks?.changed.on((id) => this.changed.emit(this.find(id)));
  }

  // How many messages are unread, with those that the user marked so.
  unreadOf(conversation) {
    return this.#unreadMarks?.unreadOf(conversation) ?? conversation.info.unread_count;
  }

  get unread() {
    let sum = 0;
    for (const one of this.#byId.values()) if (!one.info.muted) sum += this.unreadOf(one);
    return sum;
  }

  list() {
    return [...this.#byId.values()].sort((one, other) => (activity(one) < activity(other) ? 1 : -1));
  }

  positions() {
    return this.list().map((conversation) => [conversation.id, conversation.position]);
  }

  find(id) {
    return this.#byId.get(id) ?? null;
  }

  // Throws `Refused` if the user is not a member.
  async get(id) {
    for (;;) {
      const known = this.find(id);
      if (known !== null) return known;
      const connections = this.#connections;
      const removals = this.#removals;
      const info = await this.#api.get(`/v1/conversations/${encodeURIComponent(id)}`);
      // The answer may be from before the user left this conversation.
      if (removals !== this.#removals) continue;
      // An answer from before a reconnect may lack frames that were sent in between. While the list is read,
      // that is found by the list, which is read after the connection is ready.
      if (connections === this.#connections || this.#reading !== null) return this.add(info);
    }
  }

  add(info) {
    this.#users.learn(info.participants);
    this.#removedIds.delete(info.id);
    const known = this.find(info.id);
    if (known) {
      known.update(info);
      return known;
    }
    const conversation = new Conversation(info, this.#me, this.#api, {
      changed: (one) => this.changed.emit(one),
      left: (one) => this.remove(one.id),
      arrived: (one, message) => this.messageArrived.emit({ conversation: one, message }),
    });
    this.#byId.set(info.id, conversation);
    this.contactsChanged.emit();
    this.changed.emit(conversation);
    return conversation;
  }

  remove(id) {
    this.#removals += 1;
    const conversation = this.find(id);
    if (conversation === null) return;
    conversation.close();
    this.#byId.delete(id);
    if (this.#reading !== null) this.#removedIds.add(id);
    this.removed.emit(id);
    this.changed.emit(conversation);
  }

  // The timeline of a conversation that is displayed. Those of the last few are kept.
  openTimeline(conversation) {
    this.#opened = [conversation.id, ...this.#opened.filter((id) => id !== conversation.id)];
    for (const id of this.#opened.splice(TIMELINES_KEPT)) this.find(id)?.closeTimeline();
    return conversation.openTimeline();
  }

  close() {
    this.#closed = true;
    for (const conversation of this.#byId.values()) conversation.close();
  }

  // --- the connection

  // The connection resumes only what was known before it. A list that was requested earlier is read again.
  onConnected() {
    this.#connections += 1;
    if (this.#reading !== null) this.#readAgain = true;
  }

  // `replayAfter`: the seq after which this conversation is being replayed, or null for a live frame.
  receive(frame, replayAfter = null) {
    if (frame.changed?.joined) {
      this.#users.learn(frame.changed.joined);
      this.contactsChanged.emit();
    }
    // They left, or their accounts were deleted.
    if (frame.changed?.left) this.#users.recheck(frame.changed.left);
    const conversation = this.find(frame.conversation_id);
    if (conversation !== null) {
      if (replayAfter === null) conversation.receive(frame);
      else conversation.receiveReplayed(frame, replayAfter);
    } else if (this.#reading !== null) {
      if (this.#waitingFrames.length < MAX_WAITING_FRAMES) this.#waitingFrames.push(frame);
      else this.#readAgain = true;
    } else {
      this.get(frame.conversation_id).catch(() => null);
    }
  }

  observeHead(id, seq) {
    this.find(id)?.observeHead(seq);
  }

  completeReplay(id, after, seq) {
    this.find(id)?.completeReplay(after, seq);
  }

  onMarked(frame) {
    this.find(frame.conversation_id)?.onMarked(frame);
  }

  onReadBy(frame) {
    if (frame.user_id !== this.#me.id) this.find(frame.conversation_id)?.onReadBy(frame);
  }

  onTyping(frame) {
    if (frame.user_id !== this.#me.id) this.find(frame.conversation_id)?.typing.emit(frame);
  }

  // Accounts of members may have been deleted.
  recheckMembers(id) {
    this.#users.recheck((this.find(id)?.info.participants ?? []).map((one) => one.id));
  }

  // --- the list, over HTTP

  // If the list is being read, it is read once more: the running read may be too early.
  reload() {
    this.#readAgain = true;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null;
    });
  }

  async #read() {
    while (this.#readAgain && !this.#closed) {
      this.#readAgain = false;
      this.#removedIds.clear();
      try {
        await this.#readList();
      } catch {
        if (this.#closed) return;
        this.#readAgain = true;
        await pause(RETRY_MS);
      }
    }
    this.loaded = true;
    this.changed.emit(null);
    // From here on, frames of unknown conversations make them be read one by one.
    this.#reading = null;
    for (const frame of this.#waitingFrames.splice(0)) this.receive(frame);
  }

  async #readList() {
    const unlisted = new Set(this.#byId.keys());
    let cursor = null;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const { items, next_cursor: next } = await this.#api.get("/v1/conversations", { limit: PAGE, cursor });
      for (const info of items) {
        unlisted.delete(info.id);
        if (!this.#removedIds.has(info.id)) this.add(info);
      }
      cursor = next;
      if (cursor === null) break;
    }
    for (const id of unlisted) await this.#readOne(id);
  }

  // A conversation that moved between two pages, or that the user is no longer in.
  async #readOne(id) {
    try {
      this.add(await this.#api.get(`/v1/conversations/${encodeURIComponent(id)}`));
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 404) throw error;
      this.remove(id);
    }
  }
}

// RFC 3339 in UTC with milliseconds, so the order of the strings is that of the times.
function activity({ info }) {
  return info.last_message?.timestamp ?? info.created_at;
}
