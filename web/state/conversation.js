// One conversation: its summary, its position in the log, who has read it and, while it is open, its messages.
//
//     frame -> SequenceBuffer -> summary, timeline
//                  | gap
//                  +-> open: pages of `/changes` until nothing is missing; else the summary is read again
//
// Gaps are filled with retries until the conversation is left.

import { Backoff, pause } from "../network/backoff.js";
import { Refused } from "../network/errors.js";
import { SequenceBuffer } from "./sequence_buffer.js";
import { Signal } from "./signal.js";
import { Summary } from "./conversation_summary.js";
import { Timeline } from "./timeline.js";

const PAGE = 100;
// With more missing than this, the newest page is read instead of the log.
const MAX_FILL = 2000;
const RECOUNT_MS = 500;
const RECOUNT_RETRY_MS = 10_000;

export class Conversation {
  #api;
  #me;
  #on;
  #buffer;
  #summary;
  #path;
  #filling = false;
  #recountTimer = null;

  // `on`: changed(conversation), left(conversation), arrived(conversation, message).
  constructor(info, me, api, on) {
    this.id = info.id;
    this.timeline = null;
    this.closed = false;
    this.readers = new Map();
    this.receipts = new Signal();
    this.typing = new Signal();
    this.#on = on;
    this.#api = api;
    this.#me = me;
    this.#path = `/v1/conversations/${encodeURIComponent(info.id)}`;
    this.#buffer = new SequenceBuffer(info.last_seq);
    this.#summary = new Summary(info, me, () => this.#recountLater());
  }

  get info() {
    return this.#summary.info;
  }

  get position() {
    return this.#buffer.position;
  }

  // Its frames go to the timeline from now on.
  openTimeline() {
    this.#buffer.attach();
    this.timeline ??= new Timeline(this.#api, this.id);
    return this.timeline;
  }

  // The conversation stays in the list; its summary alone is kept.
  closeTimeline() {
    this.#buffer.detach();
    this.timeline = null;
  }

  // The user left it, or the session ended.
  close() {
    this.closed = true;
    clearTimeout(this.#recountTimer);
  }

  // A live frame.
  receive(frame) {
    const frames = this.#buffer.receive(frame);
    this.#apply(frames);
    for (const { type, message } of frames) if (type === "message.created") this.#on.arrived(this, message);
    this.#commit();
    this.#fill();
  }

  // A frame of a replay that began after `after`: every frame between them was sent or overtaken.
  receiveReplayed(frame, after) {
    this.#apply(this.#buffer.fill({ after, frames: [frame], through: frame.seq }));
    this.#fill();
  }

  // The replay that began after `after` is complete up to `seq`.
  completeReplay(after, seq) {
    this.#apply(this.#buffer.fill({ after, frames: [], through: seq }));
    this.#commit();
    this.#fill();
  }

  // The log is known to reach `seq`.
  observeHead(seq) {
    this.#buffer.observeHead(seq);
    this.#fill();
  }

  // The summary was read over HTTP, perhaps before frames that arrived since.
  update(info) {
    this.#adopt(info);
    this.#on.changed(this);
    this.#fill();
  }

  // The own read mark was set, here or on another device. The reported count may be older than the frames
  // that were counted since, so it is counted again where the messages are loaded.
  onMarked({ read_seq: readSeq, unread_count: reported }) {
    const loaded = this.#buffer.missing === 0 ? this.timeline?.countUnread(readSeq, this.#me.id) : null;
    if (this.#summary.mark(readSeq, loaded ?? reported)) this.#on.changed(this);
  }

  onReadBy({ user_id: userId, seq }) {
    if (seq <= (this.readers.get(userId) ?? 0)) return;
    this.readers.set(userId, seq);
    this.receipts.emit();
  }

  #adopt(info) {
    if (this.#summary.adopt(info, this.position)) this.#apply(this.#buffer.skipTo(info.last_seq));
  }

  #apply(frames) {
    for (const frame of frames) {
      this.#summary.apply(frame);
      this.timeline?.put(frame.message);
    }
    if (frames.length > 0) this.#on.changed(this);
  }

  #commit() {
    if (this.#buffer.missing === 0) this.#summary.commit(this.position);
  }

  async #fill() {
    if (this.#filling || this.#buffer.missing === 0) return;
    this.#filling = true;
    const backoff = new Backoff(300, 15_000);
    while (this.#buffer.missing > 0 && !this.closed) {
      const before = this.position;
      try {
        if (!this.#buffer.attached) this.#adopt(await this.#api.get(this.#path));
        else if (this.#buffer.missing > MAX_FILL) await this.#restart();
        else await this.#readChanges();
      } catch (error) {
        if (error instanceof Refused && error.status === 404) this.#on.left(this);
        else await pause(backoff.delayMs(error.retryAfterMs));
      }
      if (this.position === before && !this.closed) await pause(backoff.delayMs());
    }
    this.#filling = false;
    this.#commit();
    if (!this.closed) this.#on.changed(this);
  }

  async #readChanges() {
    const after = this.position;
    const page = await this.#api.get(`${this.#path}/changes`, { after, limit: PAGE });
    this.#apply(this.#buffer.fill({ after, frames: page.items, through: page.last_seq }));
  }

  // Drops the timeline, so that the position may move to that of the summary.
  async #restart() {
    const info = await this.#api.get(this.#path);
    const open = this.#buffer.attached;
    this.#buffer.detach();
    this.#adopt(info);
    if (open) this.#buffer.attach();
    this.timeline?.reset();
  }

  #recountLater(delayMs = RECOUNT_MS) {
    clearTimeout(this.#recountTimer);
    this.#recountTimer = setTimeout(() => this.#recount(), delayMs);
  }

  async #recount() {
    if (this.closed) return;
    try {
      const info = await this.#api.get(this.#path);
      if (info.last_seq < this.position) this.#recountLater();
      else this.update(info);
    } catch (error) {
      // Without membership there is nothing to count.
      if (error instanceof Refused && error.status === 404) return;
      this.#recountLater(RECOUNT_RETRY_MS);
    }
  }
}
