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
  // A list has no answer yet. The next one waits for it: a refused command is repeated later, and must not replace
  // a newer list.
  #isSending = false;
  #isWaiting = false;
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
    this.#isWaiting = this.#isSending;
    if (this.#isSending) return;
    this.#sent = list;
    this.#isSending = true;
    this.#socket
      .send(this.#commandOf(ids))
      .then((answer) => list === this.#sent && this.#onAnswer(answer))
      .catch(() => {
        if (list === this.#sent) this.#sent = "";
      })
      .finally(() => {
        this.#isSending = false;
        if (this.#isWaiting && this.#socket !== null) this.schedule();
        this.#isWaiting = false;
      });
  }
}
