// Sends the read mark of an open conversation: up to the last message that was on screen, while the window
// is in front.

import { isInFront } from "../components/in_front.js";

const DELAY_MS = 300;

export class ReadMarker {
  #session;
  #conversation;
  #lastVisibleSeq;
  #onSeen;
  #timer = null;

  // `lastVisibleSeq()`: the seq of the last message on screen. `onSeen(seq)` is called once the user saw it.
  constructor(session, conversation, scope, { lastVisibleSeq, onSeen }) {
    this.#session = session;
    this.#onSeen = onSeen;
    this.#conversation = conversation;
    this.#lastVisibleSeq = lastVisibleSeq;
    scope.listen(document, "visibilitychange", () => this.update());
    scope.listen(window, "focus", () => this.update());
    scope.keep(session.socket.changed.on(() => this.update()));
    scope.keep(() => clearTimeout(this.#timer));
  }

  update() {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      if (!this.#session.socket.isLive || !isInFront()) return;
      const seq = this.#lastVisibleSeq();
      this.#onSeen(seq);
      if (seq > this.#conversation.info.read_seq) this.mark(seq);
    }, DELAY_MS);
  }

  async mark(seq) {
    try {
      const result = await this.#session.socket.send({
        type: "conversation.read",
        conversation_id: this.#conversation.id,
        seq,
      });
      this.#conversation.onMarked(result);
    } catch {
      // The next scroll or focus sends it again.
    }
  }
}
