// The counts of the posts on screen, live: the server is asked to watch them, and the list is sent again when it
// changed, and on each connection.

const MAX_WATCHED = 100;
// A user who scrolls sends one list a second: each counts against the rate limit of commands.
const BATCH_DELAY_MS = 1_000;

export class PostCounts {
  #socket = null;
  // The listeners of each post that is shown, the latest last.
  #listeners = new Map();
  #watched = "";
  #timer = null;

  start(socket) {
    this.#socket = socket;
  }

  stop() {
    clearTimeout(this.#timer);
    this.#socket = null;
  }

  // The watch list belongs to the connection.
  onConnected() {
    this.#watched = "";
    this.#schedule();
  }

  // `listener({like_count, comment_count, repost_count}, {hasChanged})` is called until `hide`. Without `hasChanged`
  // the counts are those of now, which may be known.
  show(postId, listener) {
    if (!this.#listeners.has(postId)) this.#listeners.set(postId, new Set());
    this.#listeners.get(postId).add(listener);
    this.#schedule();
  }

  hide(postId, listener) {
    const listeners = this.#listeners.get(postId);
    listeners?.delete(listener);
    if (listeners?.size === 0) this.#listeners.delete(postId);
    this.#schedule();
  }

  // The server reports changes.
  update(posts) {
    this.#emit(posts, true);
  }

  #emit(posts, hasChanged) {
    for (const counts of posts)
      for (const listener of [...(this.#listeners.get(counts.post_id) ?? [])]) listener(counts, { hasChanged });
  }

  #schedule() {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#watch();
    }, BATCH_DELAY_MS);
  }

  #watch() {
    const ids = [...this.#listeners.keys()].slice(-MAX_WATCHED).sort();
    const watched = ids.join();
    if (watched === this.#watched || !this.#socket?.isLive) return;
    this.#watched = watched;
    this.#socket
      .send({ type: "post.watch", post_ids: ids })
      .then(({ posts }) => watched === this.#watched && this.#emit(posts, false))
      .catch(() => {
        if (watched === this.#watched) this.#watched = "";
      });
  }
}
