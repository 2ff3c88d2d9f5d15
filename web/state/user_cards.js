// A cache of user cards. Missing cards are requested in batches, each id at most once at a time.

import { t } from "../i18n.js";
import { Signal } from "./signal.js";

const BATCH_DELAY_MS = 30;
const BATCH = 100;
const MAX_CARDS = 5000;

export class UserCards {
  #api;
  #cards = new Map();
  #ids = new Map();
  #wanted = new Set();
  #requested = new Set();
  #scheduled = false;

  constructor(api) {
    this.#api = api;
    this.changed = new Signal();
  }

  learn(cards) {
    for (const card of cards) {
      this.#cards.delete(card.id);
      this.#cards.set(card.id, card);
      this.#ids.set(card.username.toLowerCase(), card.id);
    }
    for (const [id, card] of this.#cards) {
      if (this.#cards.size <= MAX_CARDS) break;
      this.#cards.delete(id);
      this.#ids.delete(card.username.toLowerCase());
      this.#requested.delete(id);
    }
  }

  // The card, or null. A missing card is requested; `changed` emits when it arrives.
  card(id) {
    const card = this.#cards.get(id);
    if (card === undefined && !this.#requested.has(id)) {
      this.#wanted.add(id);
      this.#requested.add(id);
      this.#schedule();
    }
    return card ?? null;
  }

  name(id) {
    const card = this.card(id);
    return card === null ? t("people.unknown") : nameOf(card);
  }

  // The known card with this username, or null. Nothing is requested.
  named(username) {
    return this.#cards.get(this.#ids.get(username.toLowerCase())) ?? null;
  }

  #schedule() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setTimeout(() => this.#request(), BATCH_DELAY_MS);
  }

  async #request() {
    this.#scheduled = false;
    const ids = [...this.#wanted].slice(0, BATCH);
    ids.forEach((id) => this.#wanted.delete(id));
    if (this.#wanted.size > 0) this.#schedule();
    try {
      const { items } = await this.#api.get("/v1/users", { ids: ids.join(",") });
      this.learn(items);
      this.changed.emit(items);
    } catch {
      ids.forEach((id) => this.#requested.delete(id));
    }
  }
}

export function nameOf(card) {
  return card.display_name || `@${card.username}`;
}
