// Messages that were written and are not yet known to be stored. Each has its `client_id` for good, so it
// may be sent again after any loss, also after a reload of the page; the server keeps it idempotencyKey. It never
// drops one that was not stored, unless its writer says so.

import { newId } from "../wire/idempotency_key.js";
import { Ended, Refused } from "../wire/errors.js";
import { Signal } from "./signal.js";

const PLACE = "convene.unsent";
const FRAME_MS = 2_000;

export class Outbox {
  #socket;
  #conversations;
  #me;
  #unsent = new Map();

  constructor(socket, conversations, me) {
    this.#socket = socket;
    this.#conversations = conversations;
    this.#me = me;
    this.changed = new Signal();
  }

  start() {
    for (const one of this.#load()) {
      this.#unsent.set(one.clientId, one);
      if (one.state === "sending") this.#send(one);
    }
    this.#conversations.changed.on((room) => this.#arrived(room));
  }

  of(conversationId) {
    return [...this.#unsent.values()].filter((one) => one.conversationId === conversationId);
  }

  push(conversationId, content, { mentions = [], replyTo = null } = {}) {
    const one = {
      clientId: newId(),
      conversationId,
      content,
      mentions,
      replyTo,
      state: "sending",
      detail: "",
    };
    this.#unsent.set(one.clientId, one);
    this.#changed(conversationId);
    this.#send(one);
  }

  again(clientId) {
    const one = this.#unsent.get(clientId);
    one.state = "sending";
    this.#changed(one.conversationId);
    this.#send(one);
  }

  discard(clientId) {
    const one = this.#unsent.get(clientId);
    this.#unsent.delete(clientId);
    this.#changed(one.conversationId);
  }

  static forget() {
    sessionStorage.removeItem(PLACE);
  }

  async #send(one) {
    const { conversationId, clientId, content, mentions, replyTo } = one;
    const command = {
      type: "message.send",
      conversation_id: conversationId,
      client_id: clientId,
      content,
      mentions,
    };
    try {
      const stored = await this.#socket.ask({ ...command, reply_to: replyTo }, null);
      one.state = "stored";
      // Its frame is on the way; if not, what is missing is fetched.
      setTimeout(() => {
        this.#conversations.find(conversationId)?.expect(stored.seq);
        if (this.#unsent.delete(clientId)) this.#changed(conversationId);
      }, FRAME_MS);
    } catch (error) {
      if (error instanceof Ended) return;
      one.state = "failed";
      one.detail = error instanceof Refused ? error.message : String(error);
    }
    this.#changed(conversationId);
  }

  // What stands in the log is no longer unsent.
  #arrived(room) {
    if (!room?.timeline) return;
    for (const one of this.of(room.id)) {
      if (one.state !== "failed" && room.timeline.hasSent(one.clientId, this.#me.id)) {
        this.#unsent.delete(one.clientId);
        this.#changed(room.id);
      }
    }
  }

  #changed(conversationId) {
    const kept = [...this.#unsent.values()].filter((one) => one.state !== "stored");
    sessionStorage.setItem(PLACE, JSON.stringify({ userId: this.#me.id, unsent: kept }));
    this.changed.emit(conversationId);
  }

  #load() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(PLACE) ?? "null");
      return kept?.userId === this.#me.id ? kept.unsent : [];
    } catch {
      return [];
    }
  }
}
