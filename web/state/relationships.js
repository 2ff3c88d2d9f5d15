// Whom the user follows, mutes and blocks. Relationships are requested in batches.

import { Signal } from "./signal.js";

const BATCH_DELAY_MS = 30;
const BATCH = 100;

export class Relationships {
  #api;
  #waiting = new Map();
  #timer = null;

  constructor(api, me) {
    this.#api = api;
    this.changed = new Signal();
    // Earlier versions kept the blocked users in the browser.
    localStorage.removeItem(`convene.blocked.${me.id}`);
  }

  // Resolves to the relationship with a user, null for one who cannot be seen.
  get(userId) {
    if (!this.#waiting.has(userId)) {
      let settle;
      const promise = new Promise((resolve, reject) => {
        settle = { resolve, reject };
      });
      this.#waiting.set(userId, { promise, ...settle });
      this.#timer ??= setTimeout(() => this.#request(), BATCH_DELAY_MS);
    }
    return this.#waiting.get(userId).promise;
  }

  // Follows a user, or asks to follow a private account; or ends either.
  async setFollowing(userId, follows) {
    const path = `${pathOf(userId)}/follow`;
    await (follows ? this.#api.put(path) : this.#api.delete(path));
    // It was done, also if the state that it led to cannot be read.
    const relationship = follows ? await this.get(userId).catch(() => ({ following: true })) : null;
    const { following = false, requested = false } = relationship ?? {};
    this.changed.emit({ userId, following, requested });
  }

  removeFollower(userId) {
    return this.#api.delete(`/v1/users/me/followers/${encodeURIComponent(userId)}`);
  }

  async block(card) {
    await this.#api.put(`${pathOf(card.id)}/block`);
    this.changed.emit({ userId: card.id, following: false, requested: false, blocked: true });
  }

  unblock(userId) {
    return this.#api.delete(`${pathOf(userId)}/block`);
  }

  // A page of the cards of blocked users.
  blocked(cursor) {
    return this.#api.get("/v1/users/me/blocks", { cursor });
  }

  // `scope`: what to hide (`posts`, `notifications`) and until when (`expires_at`, null for no end).
  mute(userId, scope) {
    return this.#api.put(`${pathOf(userId)}/mute`, scope);
  }

  unmute(userId) {
    return this.#api.delete(`${pathOf(userId)}/mute`);
  }

  // A page of mutes.
  muted(cursor) {
    return this.#api.get("/v1/users/me/mutes", { cursor });
  }

  async #request() {
    this.#timer = null;
    const batch = new Map([...this.#waiting].slice(0, BATCH));
    for (const userId of batch.keys()) this.#waiting.delete(userId);
    if (this.#waiting.size > 0) this.#timer = setTimeout(() => this.#request(), BATCH_DELAY_MS);
    try {
      const { items } = await this.#api.get("/v1/relationships", { user_ids: [...batch.keys()].join(",") });
      const found = new Map(items.map((one) => [one.user_id, one]));
      for (const [userId, { resolve }] of batch) resolve(found.get(userId) ?? null);
    } catch (error) {
      for (const { reject } of batch.values()) reject(error);
    }
  }
}

function pathOf(userId) {
  return `/v1/users/${encodeURIComponent(userId)}`;
}
