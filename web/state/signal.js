// A synchronous event emitter. An error in one listener does not stop the others.

export class Signal {
  #listeners = new Set();

  // Returns a function that removes the listener.
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

// Cleanup functions of a view, called when it is removed from the page.
export class Scope {
  #cleanups = [];
  closed = false;

  keep(cleanup) {
    if (this.closed) cleanup();
    else this.#cleanups.push(cleanup);
  }

  listen(target, name, listener) {
    target.addEventListener(name, listener);
    this.keep(() => target.removeEventListener(name, listener));
  }

  close() {
    this.closed = true;
    this.#cleanups
      .splice(0)
      .reverse()
      .forEach((cleanup) => cleanup());
  }
}
