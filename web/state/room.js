// One conversation as this browser knows it: what the list shows, how far it was heard, who has read, and,
// while it is open, its messages.
//
//     frame -> Progress -> apply
//                 | gap
//                 +-> open: `changes` over HTTP until it is whole; else only its state is read anew
//
// It never gives up on a gap while it lives.

import { Backoff, pause } from "../wire/backoff.js";
import { Refused } from "../wire/refused.js";
import { Log } from "./log.js";
import { Progress } from "./progress.js";
import { Signal } from "./signal.js";

const CHANGES = 100;
const TOO_FAR = 2000;
const UNREAD_MAX = 1000;
const RECOUNT_MS = 500;

export class Room {
  #api;
  #me;
  #progress;
  #path;
  #filling = false;
  #recount = null;
  #lastId = null;
  #newest;
  #counted;
  #fresh = new Set();

  // `on`: changed(room), gone(room).
  constructor(info, me, api, on) {
    this.info = info;
    this.id = info.id;
    this.log = null;
    this.gone = false;
    this.readers = new Map();
    this.receipts = new Signal();
    this.typing = new Signal();
    this.on = on;
    this.#me = me;
    this.#api = api;
    this.#path = `/v1/conversations/${encodeURIComponent(info.id)}`;
    this.#progress = new Progress(info.last_seq);
    this.#newest = info.last_seq;
    // Up to which seq messages are in the count of the unread ones.
    this.#counted = info.last_seq;
  }

  get position() {
    return this.#progress.position;
  }

  open() {
    this.log ??= new Log(this.#api, this.id);
    return this.log;
  }

  shut() {
    this.log = null;
  }

  leave() {
    this.gone = true;
    clearTimeout(this.#recount);
  }

  // A durable frame; those of a replay leave out what a later change has overtaken.
  take(frame, replaying) {
    if (this.#filling) {
      this.#progress.hold(frame);
      return;
    }
    this.#apply(replaying ? this.#progress.fill([frame], frame.seq) : this.#progress.take(frame));
    // In a replay a message stands where it was last changed: only its end tells what was counted.
    if (!replaying) this.#count(this.position);
    this.#fill();
  }

  // It is known to go up to `seq`.
  expect(seq) {
    this.#progress.expect(seq);
    this.#fill();
  }

  // All up to `seq` was told.
  complete(seq) {
    if (this.#filling) {
      this.expect(seq);
      return;
    }
    this.#apply(this.#progress.fill([], seq));
    this.#count(this.position);
  }

  // The state was read anew over HTTP. Messages that are shown are completed from the log.
  renew(info) {
    if (info.last_seq < this.position) {
      // It was read before what we heard since.
      this.info = { ...this.info, muted: info.muted };
    } else if (this.log !== null && !this.#filling) {
      this.#adopt(info);
      this.expect(info.last_seq);
    } else {
      this.#settle(info);
    }
    this.on.changed(this);
  }

  marked({ read_seq: readSeq, unread_count: unread }) {
    if (readSeq < this.info.read_seq) return;
    this.info = { ...this.info, read_seq: readSeq, unread_count: unread };
    this.on.changed(this);
  }

  readBy({ user_id: userId, seq }) {
    if (seq <= (this.readers.get(userId) ?? 0)) return;
    this.readers.set(userId, seq);
    this.receipts.emit();
  }

  #settle(info) {
    this.#adopt(info);
    this.#apply(this.#progress.fill([], info.last_seq));
  }

  #adopt(info) {
    const { last_seq: lastSeq, read_seq: readSeq, unread_count: unread } = this.info;
    this.info = { ...info, last_seq: Math.max(info.last_seq, lastSeq) };
    if (info.read_seq < readSeq) {
      // It was read before we marked it.
      this.info = { ...this.info, read_seq: readSeq, unread_count: unread };
      this.#countAgain();
    }
    this.#newest = Math.max(this.#newest, info.last_seq);
    this.#lastId = null;
    this.#count(info.last_seq);
  }

  #count(through) {
    this.#counted = Math.max(this.#counted, through);
    this.#fresh.clear();
  }

  async #fill() {
    if (this.#filling || !this.#progress.gap) return;
    this.#filling = true;
    const backoff = new Backoff(300, 15_000);
    while (this.#progress.gap && !this.gone) {
      const before = this.position;
      try {
        const far = this.log !== null && this.#progress.wanted - before > TOO_FAR;
        if (far) this.#startAnew();
        if (this.log !== null && !far) await this.#readChanges();
        else this.#settle(await this.#api.get(this.#path));
      } catch (error) {
        if (error instanceof Refused && error.status === 404) this.on.gone(this);
        else await pause(backoff.delayMs(error.retryAfterMs));
      }
      if (this.position === before && !this.gone) await pause(backoff.delayMs());
    }
    this.#filling = false;
    this.#count(this.position);
    if (!this.gone) this.on.changed(this);
  }

  async #readChanges() {
    const page = await this.#api.get(`${this.#path}/changes`, { after: this.position, limit: CHANGES });
    this.#apply(this.#progress.fill(page.items, page.last_seq));
  }

  // So much was missed that the newest page is read again instead.
  #startAnew() {
    const { messages, changed } = this.log;
    this.log = null;
    messages.length = 0;
    changed.emit(null);
  }

  #apply(frames) {
    for (const frame of frames) {
      const { message } = frame;
      this.info = { ...this.info, last_seq: Math.max(this.info.last_seq, frame.seq) };
      if (frame.changed) this.info = amended(this.info, frame);
      this.#list(message);
      this.log?.put(message);
    }
    if (frames.length > 0) this.on.changed(this);
  }

  // What the list shows of it: the last message, and how many are unread.
  #list(message) {
    const isNew = message.seq > this.#counted && !this.#fresh.has(message.id);
    if (isNew) this.#fresh.add(message.id);
    const last = this.info.last_message;
    const shown = { content: message.content, sender_id: message.sender_id, timestamp: message.created_at };
    const isLast =
      message.id === this.#lastId ||
      (last?.timestamp === message.created_at && last.sender_id === message.sender_id);
    const isNewest = isNew && message.seq > this.#newest;
    if (isNewest || isLast) {
      this.#lastId = message.id;
      this.info = { ...this.info, last_message: shown };
    }
    if (isNewest) this.#newest = message.seq;
    const mine = message.sender_id === this.#me.id;
    if (isNew && mine && message.message_type === "TEXT") {
      const readSeq = Math.max(this.info.read_seq, message.seq);
      this.info = { ...this.info, read_seq: readSeq, unread_count: isNewest ? 0 : this.info.unread_count };
      if (!isNewest) this.#countAgain();
    } else if (isNew && !mine && message.message_type === "TEXT" && !message.deleted_at) {
      if (message.seq > this.info.read_seq) {
        this.info = { ...this.info, unread_count: Math.min(this.info.unread_count + 1, UNREAD_MAX) };
      }
    } else if (message.deleted_at && !mine && message.seq > this.info.read_seq) {
      this.#countAgain();
    }
  }

  // Only the server knows whether that one had been counted.
  #countAgain() {
    clearTimeout(this.#recount);
    this.#recount = setTimeout(async () => {
      try {
        const { read_seq, unread_count } = await this.#api.get(this.#path);
        this.marked({ read_seq, unread_count });
      } catch {
        // The count stays a guess until the next read mark.
      }
    }, RECOUNT_MS);
  }
}

function amended(info, { changed, member_count: memberCount }) {
  const left = new Set(changed.left ?? []);
  const joined = (changed.joined ?? []).filter(
    (one) => !info.participants.some((other) => other.id === one.id),
  );
  return {
    ...info,
    name: changed.name ?? info.name,
    admins: changed.admins ?? info.admins.filter((id) => !left.has(id)),
    participants: [...info.participants.filter((one) => !left.has(one.id)), ...joined].slice(0, 100),
    member_count: memberCount,
  };
}
