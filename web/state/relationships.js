// Whom the user follows and blocks. The API lists the followed users; it does not list blocks, so blocks
// made in this browser are stored here, to be undone later.

import { Signal } from "./signal.js";

const MAX_PAGES = 20;
const PAGE = 100;

export class Relationships {
  #api;
  #me;
  #following = new Set();
  #reading = null;

  constructor(api, me) {
    this.#api = api;
    this.#me = me;
    this.changed = new Signal();
  }

  // Known for the 2,000 users followed last.
  async follows(userId) {
    this.#reading ??= this.#read().catch((error) => {
      this.#reading = null;
      throw error;
    });
    await this.#reading;
    return this.#following.has(userId);
  }

  async setFollowing(userId, follows) {
    const path = `/v1/users/${encodeURIComponent(userId)}/follow`;
    await (follows ? this.#api.put(path) : this.#api.delete(path));
    if (follows) this.#following.add(userId);
    else this.#following.delete(userId);
    this.changed.emit({ userId, follows });
  }

  async block(card) {
    await this.#api.put(`/v1/users/${encodeURIComponent(card.id)}/block`);
    this.#following.delete(card.id);
    this.#saveBlocked([
      ...this.blocked().filter((one) => one.id !== card.id),
      { id: card.id, username: card.username },
    ]);
    this.changed.emit({ userId: card.id, follows: false, blocked: true });
  }

  async unblock(userId) {
    await this.#api.delete(`/v1/users/${encodeURIComponent(userId)}/block`);
    this.#saveBlocked(this.blocked().filter((one) => one.id !== userId));
  }

  blocked() {
    try {
      return JSON.parse(localStorage.getItem(this.#storageKey) ?? "[]");
    } catch {
      return [];
    }
  }

  get #storageKey() {
    return `convene.blocked.${this.#me.id}`;
  }

  #saveBlocked(blocked) {
    localStorage.setItem(this.#storageKey, JSON.stringify(blocked));
  }

  async #read() {
    let cursor = null;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const query = { limit: PAGE, cursor };
      const { items, next_cursor: next } = await this.#api.get(`/v1/users/${this.#me.id}/following`, query);
      items.forEach((card) => this.#following.add(card.id));
      cursor = next;
      if (cursor === null) return;
    }
  }
}
