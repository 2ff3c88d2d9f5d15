// Whom `@name` can mean in a conversation: the members that are loaded, and those that the server finds. The
// object of a conversation has the first members only.

import { findMentions } from "./mentions.js";
import { foldText, withoutAccents } from "./search_text.js";
import { nameOf } from "./user_cards.js";

const MAX_LOOKUPS = 10;
const LOOKUP_TIMEOUT_MS = 2000;

export class MemberNames {
  #api;
  #myId;
  #conversation;
  // Ids by username of people that are not among the loaded members; null for a name without a user.
  #known = new Map();

  constructor(api, myId, conversation) {
    this.#api = api;
    this.#myId = myId;
    this.#conversation = conversation;
  }

  // Whether the conversation has members that are not loaded.
  get hasMore() {
    const { participants, member_count: count } = this.#conversation.info;
    return count > participants.length;
  }

  // The loaded members with a word of a name that starts with `prefix`.
  loaded(prefix) {
    const folded = foldText(prefix);
    return this.#conversation.info.participants.filter(
      (one) => one.id !== this.#myId && matches(one, folded),
    );
  }

  // Those that the server finds among all members, at most `limit`.
  async search(prefix, limit, signal) {
    const path = `/v1/conversations/${this.#conversation.id}/participants`;
    const { items } = await this.#api.get(path, { q: prefix, limit: limit + 1 }, { signal });
    const found = items.filter((one) => one.id !== this.#myId);
    for (const card of found) this.learn(card);
    return found.slice(0, limit);
  }

  learn(card) {
    this.#known.set(card.username, card.id);
  }

  // The ids of the users that `text` mentions, of those whose names are known.
  idsIn(text) {
    const members = this.#memberIds();
    const ids = namesIn(text).map((name) => members.get(name) ?? this.#known.get(name) ?? this.#myId);
    return [...new Set(ids)].filter((id) => id !== this.#myId);
  }

  // Looks up the names in `text` that are not known. null if there is none. It never fails: without an
  // answer in time the name stays unknown.
  lookUp(text) {
    if (!this.hasMore) return null;
    const members = this.#memberIds();
    const unknown = namesIn(text).filter((name) => !members.has(name) && !this.#known.has(name));
    if (unknown.length === 0) return null;
    const signal = AbortSignal.timeout(LOOKUP_TIMEOUT_MS);
    return Promise.all(unknown.slice(0, MAX_LOOKUPS).map((name) => this.#lookUpName(name, signal)));
  }

  async #lookUpName(name, signal) {
    try {
      this.learn(await this.#api.get(`/v1/users/by-username/${encodeURIComponent(name)}`, {}, { signal }));
    } catch (error) {
      if (error.status === 404) this.#known.set(name, null);
    }
  }

  #memberIds() {
    return new Map(this.#conversation.info.participants.map((one) => [one.username, one.id]));
  }
}

function namesIn(text) {
  return [...new Set(findMentions(text))];
}

function matches(card, folded) {
  const names = foldText(`${nameOf(card)} ${card.username}`);
  const words = `${names} ${withoutAccents(names)}`.split(/[^\p{L}\p{M}\p{N}]+/u);
  return foldText(card.username).startsWith(folded) || words.some((word) => word.startsWith(folded));
}
