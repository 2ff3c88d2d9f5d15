// How long to wait before trying again: exponential, and all of it left to chance, so that many clients
// that lost one server do not come back together. It never waits for less than the server asked for.

export class Backoff {
  #baseMs;
  #capMs;
  #failures = 0;

  constructor(baseMs = 500, capMs = 30_000) {
    this.#baseMs = baseMs;
    this.#capMs = capMs;
  }

  delayMs(atLeastMs = 0) {
    const bound = Math.min(this.#capMs, this.#baseMs * 2 ** Math.min(this.#failures, 20));
    this.#failures += 1;
    return Math.max(bound * Math.random(), atLeastMs ?? 0);
  }

  reset() {
    this.#failures = 0;
  }
}

export function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
