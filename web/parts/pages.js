// A list that comes page by page: the first at once, the next on request. It says when it is empty, and
// what went wrong, with a way to try again. It never shows one item twice.

import { button, element, fill } from "./dom.js";

export class Pages {
  #read;
  #render;
  #keyOf;
  #empty;
  #cursor = null;
  #keys = new Set();
  #foot = element("div", { class: "pages-foot" });
  #generation = 0;

  // `read(cursor)` answers a page of the contract; `render(item)` an element.
  constructor({
    read,
    render,
    keyOf = (item) => item.id,
    empty = "Nothing here yet.",
    tag = "div",
    className = "list boxed",
  }) {
    this.#read = read;
    this.#render = render;
    this.#keyOf = keyOf;
    this.#empty = empty;
    this.list = element(tag, { class: className });
    this.element = element("div", {}, this.list, this.#foot);
  }

  get size() {
    return this.#keys.size;
  }

  // From the beginning. Answers whether it could be read.
  async begin() {
    this.#generation += 1;
    const generation = this.#generation;
    if (this.#keys.size === 0) this.#say("Loading…");
    try {
      const page = await this.#read(null);
      if (generation !== this.#generation) return true;
      this.#keys.clear();
      this.list.replaceChildren();
      this.#take(page);
      return true;
    } catch (error) {
      if (generation === this.#generation) this.#failed(error, () => this.begin());
      return false;
    }
  }

  // One that was just made.
  putFirst(item) {
    const key = this.#keyOf(item);
    if (this.#keys.has(key)) return;
    this.#keys.add(key);
    this.list.prepend(this.#shown(item));
    if (this.#cursor === null) fill(this.#foot);
  }

  putLast(item) {
    const key = this.#keyOf(item);
    if (this.#keys.has(key)) return;
    this.#keys.add(key);
    this.list.append(this.#shown(item));
    if (this.#cursor === null) fill(this.#foot);
  }

  remove(key) {
    if (!this.#keys.delete(key)) return;
    for (const child of this.list.children) if (child.dataset.key === key) child.remove();
    this.#end();
  }

  async #more() {
    const generation = this.#generation;
    this.#say("Loading…");
    try {
      const page = await this.#read(this.#cursor);
      if (generation === this.#generation) this.#take(page);
    } catch (error) {
      if (generation === this.#generation) this.#failed(error, () => this.#more());
    }
  }

  #take({ items, next_cursor: next }) {
    for (const item of items) {
      const key = this.#keyOf(item);
      if (this.#keys.has(key)) continue;
      this.#keys.add(key);
      this.list.append(this.#shown(item));
    }
    this.#cursor = next;
    this.#end();
  }

  #shown(item) {
    const made = this.#render(item);
    made.dataset.key = this.#keyOf(item);
    return made;
  }

  #end() {
    if (this.#cursor !== null)
      fill(
        this.#foot,
        button("Show more", () => this.#more(), { class: "plain" }),
      );
    else if (this.#keys.size === 0) this.#say(this.#empty);
    else fill(this.#foot);
  }

  #say(words) {
    fill(this.#foot, element("p", { class: "quiet" }, words));
  }

  #failed(error, again) {
    if (error.name === "AbortError") return;
    fill(
      this.#foot,
      element("p", { class: "trouble", role: "alert" }, error.message),
      button("Try again", again, { class: "plain" }),
    );
  }
}
