// The counts of the posts on screen, live: the server is asked to watch them.

import { WatchList } from "./watch_list.js";

const MAX_WATCHED = 100;
// A user who scrolls sends one list a second: each counts against the rate limit of commands.
const BATCH_DELAY_MS = 1_000;

export class PostCounts {
  // The listeners of each post that is shown, the latest last.
  #listeners = new Map();
  #watchList = new WatchList({
    delayMs: BATCH_DELAY_MS,
    idsOf: () => [...this.#listeners.keys()].slice(-MAX_WATCHED),
    commandOf: (ids) => ({ type: "post.watch", post_ids: ids }),
    onAnswer: ({ posts }) => this.#emit(posts, false),
  });

  start(socket) {
    this.#watchList.start(socket);
  }

  stop() {
    this.#watchList.stop();
  }

  onConnected() {
    this.#watchList.sendAgain();
  }

  // `listener({like_count, comment_count, repost_count}, {hasChanged})` is called until `hide`. Without `hasChanged`
  // the counts are those of now, which may be known.
  show(postId, listener) {
    if (!this.#listeners.has(postId)) this.#listeners.set(postId, new Set());
    this.#listeners.get(postId).add(listener);
    this.#watchList.schedule();
  }

  hide(postId, listener) {
    const listeners = this.#listeners.get(postId);
    listeners?.delete(listener);
    if (listeners?.size === 0) this.#listeners.delete(postId);
    this.#watchList.schedule();
  }

  // The server reports changes.
  update(posts) {
    this.#emit(posts, true);
  }

  #emit(posts, hasChanged) {
    for (const counts of posts)
      for (const listener of [...(this.#listeners.get(counts.post_id) ?? [])]) listener(counts, { hasChanged });
  }
}
