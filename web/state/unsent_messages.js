// Messages that are not known to be stored yet. Each keeps its `client_id`, so it can be sent again after a
// lost connection or a reload, and the server stores it once. Only the user discards one. Those of a conversation are sent
// one after the other: a message that is refused for now would be stored after the next one.

import { Ended, Refused } from "../network/errors.js";
import { newId } from "../network/idempotency_key.js";
import { Signal } from "./signal.js";

const STORAGE_KEY = "convene.unsent";
// How long to wait for the frame of a stored message before it is fetched.
const FRAME_MS = 2_000;

export class UnsentMessages {
  #socket;
  #conversations;
  #me;
  #messages = new Map();
  // The end of the last delivery of each conversation.
  #deliveries = new Map();

  constructor(socket, conversations, me) {
    this.#socket = socket;
    this.#conversations = conversations;
    this.#me = me;
    this.changed = new Signal();
  }

  start() {
    for (const message of this.#load()) {
      this.#messages.set(message.clientId, message);
      if (message.state === "sending") this.#send(message);
    }
    this.#conversations.changed.on((conversation) => this.#removeStored(conversation));
  }

  of(conversationId) {
    return [...this.#messages.values()].filter((one) => one.conversationId === conversationId);
  }

  send(conversationId, content, { mentions = [], replyTo = null } = {}) {
    const message = {
      clientId: newId(),
      conversationId,
      content,
      mentions,
      replyTo,
      state: "sending",
      detail: "",
    };
    this.#messages.set(message.clientId, message);
    this.#onChange(conversationId);
    this.#send(message);
  }

  retry(clientId) {
    const message = this.#messages.get(clientId);
    if (message === undefined) return;
    message.state = "sending";
    this.#onChange(message.conversationId);
    this.#send(message);
  }

  discard(clientId) {
    const message = this.#messages.get(clientId);
    if (this.#messages.delete(clientId)) this.#onChange(message.conversationId);
  }

  static forget() {
    sessionStorage.removeItem(STORAGE_KEY);
  }

  #send(message) {
    const { conversationId } = message;
    const before = this.#deliveries.get(conversationId) ?? Promise.resolve();
    const delivery = before.catch(() => null).then(() => this.#deliver(message));
    this.#deliveries.set(conversationId, delivery);
    delivery.finally(() => {
      if (this.#deliveries.get(conversationId) === delivery) this.#deliveries.delete(conversationId);
    });
  }

  async #deliver(message) {
    const { conversationId, clientId, content, mentions, replyTo } = message;
    const command = {
      type: "message.send",
      conversation_id: conversationId,
      client_id: clientId,
      content,
      mentions,
      reply_to: replyTo,
    };
    // It was discarded, or a frame has shown that it was stored before a reload.
    if (!this.#messages.has(clientId)) return;
    try {
      const stored = await this.#socket.send(command, null);
      message.state = "stored";
      setTimeout(() => {
        this.#conversations.observeHead(conversationId, stored.seq);
        if (this.#messages.delete(clientId)) this.#onChange(conversationId);
      }, FRAME_MS);
    } catch (error) {
      if (error instanceof Ended) return;
      message.state = "failed";
      message.detail = error instanceof Refused ? error.message : String(error);
      if (error.code === "conversation.read_only") this.#conversations.recheckMembers(conversationId);
    }
    this.#onChange(conversationId);
  }

  #removeStored(conversation) {
    if (!conversation?.timeline) return;
    for (const message of this.of(conversation.id)) {
      if (message.state === "failed" || !conversation.timeline.hasSent(message.clientId, this.#me.id))
        continue;
      this.#messages.delete(message.clientId);
      this.#onChange(conversation.id);
    }
  }

  #onChange(conversationId) {
    const unsent = [...this.#messages.values()].filter((one) => one.state !== "stored");
    sessionStorage.setItem(STORAGE_KEY, JSON.stringify({ userId: this.#me.id, unsent }));
    this.changed.emit(conversationId);
  }

  #load() {
    try {
      const saved = JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? "null");
      return saved?.userId === this.#me.id ? saved.unsent : [];
    } catch {
      return [];
    }
  }
}
