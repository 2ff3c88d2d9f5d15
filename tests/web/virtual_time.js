// Replaces the timers of the process by ones that the test advances.

export class VirtualTime {
  #now = 0;
  #ids = 0;
  #timers = new Map();
  #real = {};

  install() {
    for (const name of ["setTimeout", "clearTimeout"]) this.#real[name] = globalThis[name];
    globalThis.setTimeout = (callback, delayMs = 0) => {
      this.#ids += 1;
      this.#timers.set(this.#ids, { at: this.#now + delayMs, callback });
      return this.#ids;
    };
    globalThis.clearTimeout = (id) => this.#timers.delete(id);
  }

  uninstall() {
    Object.assign(globalThis, this.#real);
  }

  get pending() {
    return this.#timers.size;
  }

  // Runs the next timer. Returns whether there was one.
  runNext() {
    let next = null;
    for (const [id, timer] of this.#timers) if (next === null || timer.at < next.at) next = { id, ...timer };
    if (next === null) return false;
    this.#timers.delete(next.id);
    this.#now = Math.max(this.#now, next.at);
    next.callback();
    return true;
  }
}

// Lets every promise callback that is due run.
export function settle() {
  return new Promise((resolve) => setImmediate(resolve));
}
