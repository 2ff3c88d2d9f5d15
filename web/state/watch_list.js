// A list of ids that the server watches for this connection. It is sent when it changed, at most once in `delayMs`,
// and again on each connection.

export class WatchList {
  #delayMs;
  #idsOf;
  #commandOf;
  #onAnswer;
  #socket = null;
  // The list that this connection has.
  #sent = "";
  #timer = null;

  // `idsOf()` returns the ids to watch, `commandOf(ids)` the command. `onAnswer(answer)` is called with the answer of
  // the server, unless another list was sent since.
  constructor({ delayMs, idsOf, commandOf, onAnswer }) {
    this.#delayMs = delayMs;
    this.#idsOf = idsOf;
    this.#commandOf = commandOf;
    this.#onAnswer = onAnswer;
  }

  start(socket) {
    this.#socket = socket;
  }

  stop() {
    clearTimeout(this.#timer);
    this.#socket = null;
  }

  // The ids may have changed.
  schedule() {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#send();
    }, this.#delayMs);
  }

  // Sends the list also if it is the same: the connection is new, or the answer may differ.
  sendAgain() {
    this.#sent = "";
    this.schedule();
  }

  #send() {
    const ids = this.#idsOf().sort();
    const list = ids.join();
    if (list === this.#sent || !this.#socket?.isLive) return;
    this.#sent = list;
    this.#socket
      .send(this.#commandOf(ids))
      .then((answer) => list === this.#sent && this.#onAnswer(answer))
      .catch(() => {
        if (list === this.#sent) this.#sent = "";
      });
  }
}
