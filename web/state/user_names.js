// Whom `@name` can mean in a post or a comment: anyone whom the server finds. See `MemberNames` for conversations.

import { isSearchable } from "./search_text.js";

export class UserNames {
  hasMore = true;
  #api;
  #myId;

  constructor(api, myId) {
    this.#api = api;
    this.#myId = myId;
  }

  // None is loaded: everyone is found by the server.
  loaded() {
    return [];
  }

  // At most `limit` users with a word of a name that starts with `prefix`.
  async search(prefix, limit, signal) {
    if (!isSearchable(prefix)) return [];
    const { items } = await this.#api.get("/v1/users", { q: prefix, limit: limit + 1 }, { signal });
    return items.filter((one) => one.id !== this.#myId).slice(0, limit);
  }

  // The server finds the mentions of a post in its text, so names need no ids here.
  learn() {}
}
