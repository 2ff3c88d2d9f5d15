// Texts that were typed and not sent, by conversation. Kept in localStorage, so they survive a reload.

const MAX_DRAFTS = 100;
const SAVE_DELAY_MS = 400;

export class Drafts {
  #storageKey;
  #texts;
  #timer = null;
  // The messages that are being replied to, by conversation. Until a reload.
  replies = new Map();
  #save = () => this.#write();

  constructor(me) {
    this.#storageKey = `convene.drafts.${me.id}`;
    this.#texts = new Map(this.#load());
    addEventListener("pagehide", this.#save);
  }

  get(conversationId) {
    return this.#texts.get(conversationId) ?? "";
  }

  set(conversationId, text) {
    if (text === this.get(conversationId)) return;
    this.#texts.delete(conversationId);
    if (text) this.#texts.set(conversationId, text);
    for (const id of this.#texts.keys()) {
      if (this.#texts.size <= MAX_DRAFTS) break;
      this.#texts.delete(id);
    }
    this.#timer ??= setTimeout(this.#save, SAVE_DELAY_MS);
  }

  stop() {
    removeEventListener("pagehide", this.#save);
    if (this.#timer !== null) this.#write();
  }

  // After a logout nothing that was typed stays on a shared computer.
  forget() {
    this.#texts.clear();
    this.replies.clear();
    clearTimeout(this.#timer);
    this.#timer = null;
    localStorage.removeItem(this.#storageKey);
  }

  #write() {
    clearTimeout(this.#timer);
    this.#timer = null;
    localStorage.setItem(this.#storageKey, JSON.stringify([...this.#texts]));
  }

  #load() {
    try {
      const saved = JSON.parse(localStorage.getItem(this.#storageKey) ?? "[]");
      return saved.filter(([id, text]) => typeof id === "string" && typeof text === "string");
    } catch {
      return [];
    }
  }
}
