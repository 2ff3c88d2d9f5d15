// A model of the server's side of one conversation: a log, the answers of its HTTP routes, and the frames
// that a connection delivers. The test decides when each request is read and when it is answered.

import { Refused, Unreachable } from "../../web/network/errors.js";

export const ME = { id: "me", username: "me", display_name: "Me" };
const OTHERS = ["ana", "ben"];
const ID = "c1";

export class ModelServer {
  #random;
  #entries = [];
  requests = [];
  messages = new Map();
  readSeq = 0;

  constructor(random) {
    this.#random = random;
  }

  get head() {
    return this.#entries.length;
  }

  // A new message, or a change of an old one. Returns its frame.
  write({ edits = 0.3, mine = 0.2 } = {}) {
    const random = this.#random;
    const seq = this.head + 1;
    const editable = [...this.messages.values()].filter((one) => one.deleted_at === null);
    let message;
    if (editable.length > 0 && random.chance(edits)) {
      const before = random.pick(editable);
      const deleted = random.chance(0.3);
      message = {
        ...before,
        changed_seq: seq,
        content: deleted ? "" : `edited ${seq}`,
        deleted_at: deleted ? stamp(seq) : null,
      };
    } else {
      const sender = random.chance(mine) ? ME.id : random.pick(OTHERS);
      if (sender === ME.id) this.readSeq = seq;
      message = {
        id: `m${seq}`,
        conversation_id: ID,
        seq,
        changed_seq: seq,
        sender_id: sender,
        client_id: `client-${seq}`,
        content: `text ${seq}`,
        message_type: "TEXT",
        reactions: [],
        created_at: stamp(seq),
        edited_at: null,
        deleted_at: null,
      };
    }
    const type = this.messages.has(message.id) ? "message.updated" : "message.created";
    this.messages.set(message.id, message);
    const frame = { type, conversation_id: ID, seq, message };
    this.#entries.push(frame);
    return frame;
  }

  get unread() {
    return [...this.messages.values()].filter(
      (one) => one.sender_id !== ME.id && one.deleted_at === null && one.seq > this.readSeq,
    ).length;
  }

  info() {
    const last = [...this.messages.values()].at(-1);
    return {
      id: ID,
      type: "GROUP",
      name: "Model",
      member_count: 3,
      participants: [ME],
      admins: [],
      muted: false,
      last_message: last && {
        content: last.content,
        sender_id: last.sender_id,
        timestamp: last.created_at,
      },
      last_seq: this.head,
      read_seq: this.readSeq,
      unread_count: this.unread,
      created_at: stamp(0),
    };
  }

  // The frames in (after, through], each message once, at the seq of its latest change in the log so far.
  compacted(after, through = this.head) {
    return this.#entries
      .slice(after, through)
      .filter((frame) => this.messages.get(frame.message.id).changed_seq === frame.seq);
  }

  // Where the entries are the latest as of `through`, as a replay sends them.
  replay(after, through) {
    const latest = new Map();
    for (const frame of this.#entries.slice(after, through)) latest.set(frame.message.id, frame);
    return [...latest.values()].sort((one, other) => one.seq - other.seq);
  }

  // --- HTTP: requests wait until the test reads and answers them

  get(path, query = {}) {
    return new Promise((resolve, reject) => {
      this.requests.push({ path, query, resolve, reject, answer: null });
    });
  }

  // Advances one request: first the server reads its state, later the answer arrives or is lost.
  advance(index, failure = 0) {
    const request = this.requests[index];
    if (request.answer === null) {
      request.answer = { body: this.#read(request) };
      return;
    }
    this.requests.splice(index, 1);
    if (this.#random.chance(failure))
      request.reject(
        this.#random.chance(0.5)
          ? new Unreachable()
          : new Refused({ status: 503, code: "server.overloaded" }),
      );
    else request.resolve(request.answer.body);
  }

  #read({ path, query }) {
    if (path === "/v1/conversations") return { items: [this.info()], next_cursor: null };
    if (path.endsWith("/changes")) {
      const through = Math.min(this.head, query.after + query.limit);
      const items = this.compacted(query.after, through);
      return { items, last_seq: through, has_more: through < this.head };
    }
    if (path.endsWith("/messages")) return { items: this.#page(query) };
    if (path === `/v1/conversations/${ID}`) return this.info();
    throw new Error(`no such route: ${path}`);
  }

  #page({ before, after, limit }) {
    const all = [...this.messages.values()].sort((one, other) => one.seq - other.seq);
    if (after !== undefined) return all.filter((one) => one.seq > after).slice(0, limit);
    return all
      .filter((one) => before === undefined || one.seq < before)
      .reverse()
      .slice(0, limit);
  }
}

function stamp(seq) {
  return new Date(Date.UTC(2026, 0, 1) + seq * 1000).toISOString();
}
