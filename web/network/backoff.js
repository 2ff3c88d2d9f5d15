// Exponential backoff with full jitter, so that clients of one lost server do not return at the same time.

export class Backoff {
  #baseMs;
  #capMs;
  #failures = 0;

  constructor(baseMs = 500, capMs = 30_000) {
    this.#baseMs = baseMs;
    this.#capMs = capMs;
  }

  // At least `minMs`, which is what the server asked for.
  delayMs(minMs = 0, capMs = this.#capMs) {
    const bound = Math.min(capMs, this.#baseMs * 2 ** Math.min(this.#failures, 20));
    this.#failures += 1;
    return Math.max(bound * Math.random(), minMs ?? 0);
  }

  reset() {
    this.#failures = 0;
  }
}

export function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
