// Requests to join a conversation, or to be invited to an event, that the user has not answered. The server
// keeps at most a hundred of them, so they fit one page.

import { Signal } from "./signal.js";

const PAGE = 100;

export class ConversationRequests {
  #api;
  #byId = new Map();
  #readings = 0;
  #isReading = false;
  // They could not be read.
  #isOutdated = false;

  constructor(api) {
    this.#api = api;
    this.changed = new Signal();
  }

  get count() {
    return this.#byId.size;
  }

  // The latest first.
  list() {
    return [...this.#byId.values()].sort((one, other) => (one.created_at < other.created_at ? 1 : -1));
  }

  // The one who asked adds or invites the user; the frames that follow show it.
  async accept(id) {
    await this.#answer(id, () => this.#api.put(path(id)));
  }

  async decline(id) {
    await this.#answer(id, () => this.#api.delete(path(id)));
  }

  onRequested(request) {
    this.#byId.set(request.conversation_id, request);
    this.changed.emit();
    this.#onChange();
  }

  onRemoved(id) {
    if (this.#byId.delete(id)) this.changed.emit();
    this.#onChange();
  }

  // There is a connection again.
  onConnected() {
    if (this.#isOutdated) this.reload();
  }

  async reload() {
    this.#readings += 1;
    const reading = this.#readings;
    this.#isReading = true;
    this.#isOutdated = false;
    try {
      const { items } = await this.#api.get("/v1/conversations/requests", { limit: PAGE });
      if (reading !== this.#readings) return;
      this.#byId = new Map(items.map((request) => [request.conversation_id, request]));
      this.changed.emit();
    } catch {
      if (reading === this.#readings) this.#isOutdated = true;
    } finally {
      if (reading === this.#readings) this.#isReading = false;
    }
  }

  // An answer that is on its way may be from before the change.
  #onChange() {
    if (this.#isReading) this.reload();
  }

  async #answer(id, send) {
    try {
      await send();
    } catch (error) {
      // It expired, was withdrawn, or was answered on another device.
      if (error.status === 404) this.onRemoved(id);
      throw error;
    }
    this.onRemoved(id);
  }
}

function path(id) {
  return `/v1/conversations/requests/${encodeURIComponent(id)}`;
}
