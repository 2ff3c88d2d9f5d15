// Something happened: whoever listens is told, at idempotencyKey. A listener's failure is its own; it never stops
// the others.

export class Signal {
  #listeners = new Set();

  // Answers how to stop listening.
  on(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(value) {
    for (const listener of [...this.#listeners]) {
      try {
        listener(value);
      } catch (error) {
        console.error(error);
      }
    }
  }
}

// What a view began and has to end: kept while it is shown, ended together.
export class Scope {
  #ends = [];
  closed = false;

  keep(end) {
    if (this.closed) end();
    else this.#ends.push(end);
  }

  listen(target, name, listener) {
    target.addEventListener(name, listener);
    this.keep(() => target.removeEventListener(name, listener));
  }

  close() {
    this.closed = true;
    this.#ends
      .splice(0)
      .reverse()
      .forEach((end) => end());
  }
}
