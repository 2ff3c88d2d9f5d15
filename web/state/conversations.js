// All one's conversations, those of the latest activity first. The list is read over HTTP once the socket
// is ready; frames of conversations that are not known yet wait until it is. It never reads the messages
// of one that is not open.

import { Refused } from "../wire/refused.js";
import { Room } from "./room.js";
import { Signal } from "./signal.js";
import { pause } from "../wire/backoff.js";

const PAGES = 15;
const PAGE = 100;
const AGAIN_MS = 2_000;
const LOGS_KEPT = 6;
const EARLY = 2000;

export class Conversations {
  #api;
  #me;
  #people;
  #rooms = new Map();
  #early = [];
  #reading = null;
  #again = false;
  #opened = [];
  #closed = false;

  constructor(api, me, people) {
    this.#api = api;
    this.#me = me;
    this.#people = people;
    this.loaded = false;
    this.changed = new Signal();
    // One has to do with people that one had nothing to do with before.
    this.met = new Signal();
    this.gone = new Signal();
  }

  get unread() {
    return this.list().reduce((sum, room) => sum + (room.info.muted ? 0 : room.info.unread_count), 0);
  }

  list() {
    return [...this.#rooms.values()].sort((one, other) => activity(other).localeCompare(activity(one)));
  }

  positions() {
    return this.list().map((room) => [room.id, room.position]);
  }

  find(id) {
    return this.#rooms.get(id) ?? null;
  }

  // Known, or read from the server. Raises `Refused` where one is not in it.
  async get(id) {
    await this.#reading;
    return this.find(id) ?? this.add(await this.#api.get(`/v1/conversations/${encodeURIComponent(id)}`));
  }

  // It was told of: begun by us, by others, or read.
  add(info) {
    this.#people.learn(info.participants);
    const known = this.find(info.id);
    if (known) {
      known.renew(info);
      return known;
    }
    const room = new Room(info, this.#me, this.#api, {
      changed: (one) => this.changed.emit(one),
      gone: (one) => this.left(one.id),
    });
    this.#rooms.set(info.id, room);
    this.met.emit();
    this.changed.emit(room);
    return room;
  }

  // The log of a conversation that is shown; those of the last few are kept.
  open(room) {
    this.#opened = [room.id, ...this.#opened.filter((id) => id !== room.id)];
    for (const id of this.#opened.splice(LOGS_KEPT)) this.find(id)?.shut();
    return room.open();
  }

  close() {
    this.#closed = true;
    for (const room of this.#rooms.values()) room.leave();
  }

  // --- frames

  take(frame, replaying) {
    if (frame.changed?.joined) {
      this.#people.learn(frame.changed.joined);
      this.met.emit();
    }
    const room = this.find(frame.conversation_id);
    if (room !== null) {
      room.take(frame, replaying);
    } else if (this.#reading !== null) {
      if (this.#early.length < EARLY) this.#early.push(frame);
      else this.#again = true;
    } else {
      this.get(frame.conversation_id).catch(() => null);
    }
  }

  expect(id, fromSeq, toSeq) {
    this.find(id)?.expect(toSeq);
  }

  complete(id, seq) {
    this.find(id)?.complete(seq);
  }

  joined(info) {
    this.add(info);
  }

  left(id) {
    const room = this.find(id);
    if (room === null) return;
    room.leave();
    this.#rooms.delete(id);
    this.gone.emit(id);
    this.changed.emit(room);
  }

  marked(frame) {
    this.find(frame.conversation_id)?.marked(frame);
  }

  readBy(frame) {
    if (frame.user_id !== this.#me.id) this.find(frame.conversation_id)?.readBy(frame);
  }

  typing(frame) {
    if (frame.user_id !== this.#me.id) this.find(frame.conversation_id)?.typing.emit(frame);
  }

  // --- read over HTTP

  // Once more where that is under way: it may have read too early.
  readAnew() {
    this.#again = true;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null;
    });
  }

  async #read() {
    while (this.#again && !this.#closed) {
      this.#again = false;
      try {
        await this.#readList();
      } catch {
        if (this.#closed) return;
        this.#again = true;
        await pause(AGAIN_MS);
      }
    }
    this.loaded = true;
    this.changed.emit(null);
    // What is still unknown is read by itself.
    this.#reading = null;
    for (const frame of this.#early.splice(0)) this.take(frame, false);
  }

  async #readList() {
    const known = new Set(this.#rooms.keys());
    let cursor = null;
    for (let page = 0; page < PAGES; page += 1) {
      const { items, next_cursor: next } = await this.#api.get("/v1/conversations", { limit: PAGE, cursor });
      for (const info of items) {
        known.delete(info.id);
        this.add(info);
      }
      cursor = next;
      if (cursor === null) break;
    }
    for (const id of known) await this.#look(id);
  }

  // One that was not listed: between two pages, or gone.
  async #look(id) {
    try {
      this.add(await this.#api.get(`/v1/conversations/${encodeURIComponent(id)}`));
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 404) throw error;
      this.left(id);
    }
  }
}

function activity(room) {
  return room.info.last_message?.timestamp ?? room.info.created_at;
}
