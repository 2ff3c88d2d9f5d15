// One idempotency key for as long as the same thing is being tried: whoever presses the button again
// after a lost answer does not create it twice. Never keeps a key for something else.

export class IdempotencyKey {
  #key = "";
  #said = "";

  keyFor(body) {
    const said = JSON.stringify(body);
    if (said !== this.#said || !this.#key) {
      this.#said = said;
      this.#key = newId();
    }
    return this.#key;
  }

  done() {
    this.#key = "";
    this.#said = "";
  }
}

// `crypto.randomUUID` is only there on secure origins; random bytes are everywhere.
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
