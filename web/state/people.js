// The cards of people that were met so far, and those that are asked for, many at a time. A person who is
// not known to the server (any more) stays unknown; nobody is asked for twice at idempotencyKey.

import { Signal } from "./signal.js";

const GATHER_MS = 30;
const CARDS = 100;
const KEPT = 5000;

export class People {
  #api;
  #cards = new Map();
  #wanted = new Set();
  #asked = new Set();
  #timer = null;

  constructor(api) {
    this.#api = api;
    this.changed = new Signal();
  }

  learn(cards) {
    for (const card of cards) {
      this.#cards.delete(card.id);
      this.#cards.set(card.id, card);
    }
    for (const id of this.#cards.keys()) {
      if (this.#cards.size <= KEPT) break;
      this.#cards.delete(id);
    }
  }

  // The card if it is known; otherwise it is asked for, and `changed` tells when it came.
  card(id) {
    const known = this.#cards.get(id);
    if (known === undefined && !this.#asked.has(id)) {
      this.#wanted.add(id);
      this.#asked.add(id);
      this.#timer ??= setTimeout(() => this.#ask(), GATHER_MS);
    }
    return known ?? null;
  }

  name(id) {
    const card = this.card(id);
    return card === null ? "Somebody" : nameOf(card);
  }

  async #ask() {
    this.#timer = null;
    const ids = [...this.#wanted].slice(0, CARDS);
    ids.forEach((id) => this.#wanted.delete(id));
    if (this.#wanted.size > 0) this.#timer = setTimeout(() => this.#ask(), GATHER_MS);
    try {
      const { items } = await this.#api.get("/v1/users", { ids: ids.join(",") });
      this.learn(items);
      this.changed.emit(items);
    } catch {
      ids.forEach((id) => this.#asked.delete(id));
    }
  }
}

export function nameOf(card) {
  return card.display_name || `@${card.username}`;
}
