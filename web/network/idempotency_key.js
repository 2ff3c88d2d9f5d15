// The idempotency key of one form. The same body keeps its key, so pressing the button again after a lost
// answer does not create a second object; another body gets another key.

export class IdempotencyKey {
  #key = "";
  #body = "";

  keyFor(body) {
    const encoded = JSON.stringify(body);
    if (encoded !== this.#body || !this.#key) {
      this.#body = encoded;
      this.#key = newId();
    }
    return this.#key;
  }

  clear() {
    this.#key = "";
    this.#body = "";
  }
}

// `crypto.randomUUID` exists on secure origins only.
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
