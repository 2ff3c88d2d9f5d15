// Whom the user follows, mutes and blocks.

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
    // Earlier versions kept the blocked users in the browser.
    localStorage.removeItem(`convene.blocked.${me.id}`);
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
    this.changed.emit({ userId: card.id, follows: false, blocked: true });
  }

  async unblock(userId) {
    await this.#api.delete(`/v1/users/${encodeURIComponent(userId)}/block`);
  }

  // A page of the cards of blocked users.
  blocked(cursor) {
    return this.#api.get("/v1/users/me/blocks", { cursor });
  }

  // `scope`: what to hide (`posts`, `notifications`) and until when (`expires_at`, null for no end).
  mute(userId, scope) {
    return this.#api.put(`/v1/users/${encodeURIComponent(userId)}/mute`, scope);
  }

  unmute(userId) {
    return this.#api.delete(`/v1/users/${encodeURIComponent(userId)}/mute`);
  }

  // A page of mutes.
  muted(cursor) {
    return this.#api.get("/v1/users/me/mutes", { cursor });
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
