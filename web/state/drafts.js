// Texts that were typed and not sent, by conversation. Kept in localStorage, so they survive a reload. Tabs share them: each
// saves what was typed in it, and keeps what others saved.

const MAX_DRAFTS = 100;
const SAVE_DELAY_MS = 400;

export class Drafts {
  #storageKey;
  #texts;
  // The conversations whose texts changed here since they were saved.
  #unsaved = new Set();
  #timer = null;
  // The messages that are being replied to, by conversation. Until a reload.
  replies = new Map();
  #save = () => this.#write();
  #onStorage = ({ key }) => (key === this.#storageKey || key === null) && this.#merge();

  constructor(me) {
    this.#storageKey = `convene.drafts.${me.id}`;
    this.#texts = this.#load();
    addEventListener("pagehide", this.#save);
    addEventListener("storage", this.#onStorage);
  }

  get(conversationId) {
    return this.#texts.get(conversationId) ?? "";
  }

  set(conversationId, text) {
    if (text === this.get(conversationId)) return;
    this.#texts.delete(conversationId);
    if (text) this.#texts.set(conversationId, text);
    this.#unsaved.add(conversationId);
    this.#timer ??= setTimeout(this.#save, SAVE_DELAY_MS);
  }

  stop() {
    removeEventListener("pagehide", this.#save);
    removeEventListener("storage", this.#onStorage);
    this.#write();
  }

  // After a logout nothing that was typed stays on a shared computer.
  forget() {
    this.#texts.clear();
    this.#unsaved.clear();
    this.replies.clear();
    clearTimeout(this.#timer);
    this.#timer = null;
    localStorage.removeItem(this.#storageKey);
  }

  #write() {
    clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#unsaved.size === 0) return;
    this.#merge();
    this.#unsaved.clear();
    localStorage.setItem(this.#storageKey, JSON.stringify([...this.#texts]));
  }

  // Takes over what other tabs saved, the latest last.
  #merge() {
    const texts = this.#load();
    for (const id of this.#unsaved) {
      texts.delete(id);
      if (this.#texts.has(id)) texts.set(id, this.#texts.get(id));
    }
    for (const id of texts.keys()) {
      if (texts.size <= MAX_DRAFTS) break;
      texts.delete(id);
    }
    this.#texts = texts;
  }

  #load() {
    try {
      const saved = JSON.parse(localStorage.getItem(this.#storageKey) ?? "[]");
      return new Map(saved.filter(([id, text]) => typeof id === "string" && typeof text === "string"));
    } catch {
      return new Map();
    }
  }
}
