// A cache of user cards. Missing cards are requested in batches, each id at most once at a time. The server leaves out
// users who were deleted: they get a card without a name.

import { t } from "../i18n.js";
import { Signal } from "./signal.js";

const BATCH_DELAY_MS = 30;
const BATCH = 100;
const MAX_CARDS = 5000;
const RECHECK_MS = 5 * 60_000;
// A reserved name, which the server gives users who were deleted.
const DELETED_USERNAME = "deleted";

export class UserCards {
  #api;
  #cards = new Map();
  #ids = new Map();
  #wanted = new Set();
  #requested = new Set();
  #scheduled = false;
  #now;
  #checkedMs;

  // `now()`: the time in milliseconds.
  constructor(api, now = Date.now) {
    this.#api = api;
    this.#now = now;
    this.#checkedMs = now();
    this.changed = new Signal();
  }

  learn(cards) {
    for (const card of cards) {
      this.#cards.delete(card.id);
      this.#cards.set(card.id, card);
      // Of deleted users the former names stay known, for system messages about them.
      if (!isDeleted(card)) this.#ids.set(card.username.toLowerCase(), card.id);
    }
    for (const [id, card] of this.#cards) {
      if (this.#cards.size <= MAX_CARDS) break;
      this.#cards.delete(id);
      this.#ids.delete(card.username.toLowerCase());
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

  // The latest card of a user. `card` may be an older one.
  latest(card) {
    return this.#cards.get(card.id) ?? card;
  }

  // Reads cards again that may be outdated; `changed` emits those that are different.
  recheck(ids) {
    for (const id of ids) this.#wanted.add(id);
    if (this.#wanted.size > 0) this.#schedule();
  }

  // The client was away. The latest cards are read again, at most every five minutes, and those at once that could
  // not be read.
  recheckLatest() {
    this.recheck([]);
    if (this.#now() - this.#checkedMs < RECHECK_MS) return;
    this.#checkedMs = this.#now();
    this.recheck([...this.#cards.keys()].slice(-BATCH));
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
      const found = new Map(items.map((card) => [card.id, card]));
      const cards = ids.map((id) => found.get(id) ?? deletedCard(id));
      // What asked for a card that was missing shows no name, also if the card became known meanwhile.
      const different = cards.filter(
        (card) => this.#requested.delete(card.id) || !isSame(card, this.#cards.get(card.id)),
      );
      this.learn(cards);
      if (different.length > 0) this.changed.emit(different);
    } catch (error) {
      if (isFinal(error)) ids.forEach((id) => this.#requested.delete(id));
      else ids.forEach((id) => this.#wanted.add(id));
    }
  }
}

export function isDeleted(card) {
  return card.username === DELETED_USERNAME;
}

export function nameOf(card) {
  if (isDeleted(card)) return t("people.deleted_user");
  return card.display_name || `@${card.username}`;
}

// Whether the same request would be refused again.
function isFinal({ status }) {
  return status >= 400 && status < 429;
}

function deletedCard(id) {
  return { id, username: DELETED_USERNAME, display_name: null, avatar_url: null, verified: false };
}

function isSame(one, other) {
  return (
    one.username === other?.username &&
    one.display_name === other.display_name &&
    one.verified === other.verified
  );
}
