// How far one has read an open conversation: told to the server while its end is looked at, and not more
// often than needed. It never marks what is hidden, or further down.

const WAIT_MS = 300;

export class ReadMark {
  #session;
  #room;
  #seen;
  #timer = null;

  // `seen()`: whether the end is in view.
  constructor(session, room, scope, seen) {
    this.#session = session;
    this.#room = room;
    this.#seen = seen;
    scope.listen(document, "visibilitychange", () => this.look());
    scope.keep(session.socket.changed.on(() => this.look()));
    scope.keep(() => clearTimeout(this.#timer));
  }

  look() {
    if (this.#timer !== null || !this.#due()) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (this.#due()) this.#tell();
    }, WAIT_MS);
  }

  #due() {
    const newest = this.#room.timeline?.messages.at(-1)?.seq ?? 0;
    const { read_seq: readSeq } = this.#room.info;
    return (
      newest > readSeq &&
      this.#session.socket.state.name === "live" &&
      document.visibilityState === "visible" &&
      this.#seen()
    );
  }

  async #tell() {
    const seq = this.#room.timeline.messages.at(-1).seq;
    try {
      const told = await this.#session.socket.ask({
        type: "conversation.read",
        conversation_id: this.#room.id,
        seq,
      });
      this.#room.marked(told);
    } catch {
      // It is told again with the next look.
    }
  }
}
