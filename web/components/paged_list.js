// A list that is read page by page: the first page with `load`, the next ones while scrolling. Shows loading,
// empty and error states, and each item once.

import { button, element, emptyState, errorText, loadingText, setChildren, skeleton } from "./dom.js";

const PRELOAD_PX = 400;

export class PagedList {
  #read;
  #render;
  #keyOf;
  #empty;
  #cursor = null;
  #keys = new Set();
  #footer = element("div", { class: "list-footer" });
  #generation = 0;
  // Loads the next page when the end comes near. The button is there for the keyboard, and after errors.
  #nearEnd = new IntersectionObserver(
    (entries) => entries.some((one) => one.isIntersecting) && this.#loadMore(),
    { rootMargin: `${PRELOAD_PX}px 0px` },
  );

  // `read(cursor)` returns a page of the API, `render(item)` an element. `empty`: a text or an element.
  constructor({
    read,
    render,
    keyOf = (item) => item.id,
    empty = "Nothing here yet",
    tag = "div",
    className = "list boxed",
  }) {
    this.#read = read;
    this.#render = render;
    this.#keyOf = keyOf;
    this.#empty = empty;
    this.list = element(tag, { class: className });
    this.element = element("div", {}, this.list, this.#footer);
  }

  get size() {
    return this.#keys.size;
  }

  // Reads the first page and replaces what is shown. Returns whether it could be read.
  async load() {
    this.#generation += 1;
    const generation = this.#generation;
    if (this.#keys.size === 0) setChildren(this.#footer, skeleton());
    try {
      const page = await this.#read(null);
      if (generation !== this.#generation) return true;
      this.#keys.clear();
      this.list.replaceChildren();
      this.#add(page);
      return true;
    } catch (error) {
      if (generation === this.#generation) this.#showError(error, () => this.load());
      return false;
    }
  }

  prepend(item) {
    if (this.#addKey(item)) this.list.prepend(this.#row(item));
  }

  append(item) {
    if (this.#addKey(item)) this.list.append(this.#row(item));
  }

  remove(key) {
    if (!this.#keys.delete(key)) return;
    for (const child of this.list.children) if (child.dataset.key === key) child.remove();
    this.#showFooter();
  }

  async #loadMore() {
    this.#nearEnd.disconnect();
    const generation = this.#generation;
    setChildren(this.#footer, loadingText());
    try {
      const page = await this.#read(this.#cursor);
      if (generation === this.#generation) this.#add(page);
    } catch (error) {
      if (generation === this.#generation) this.#showError(error, () => this.#loadMore());
    }
  }

  #add({ items, next_cursor: next }) {
    for (const item of items) {
      const key = this.#keyOf(item);
      if (this.#keys.has(key)) continue;
      this.#keys.add(key);
      this.list.append(this.#row(item));
    }
    this.#cursor = next;
    this.#showFooter();
  }

  #addKey(item) {
    const key = this.#keyOf(item);
    if (this.#keys.has(key)) return false;
    this.#keys.add(key);
    if (this.#cursor === null) setChildren(this.#footer);
    return true;
  }

  #row(item) {
    const row = this.#render(item);
    row.dataset.key = this.#keyOf(item);
    return row;
  }

  #showFooter() {
    this.#nearEnd.disconnect();
    if (this.#cursor !== null) {
      const more = button("Show more", () => this.#loadMore(), { class: "plain" });
      setChildren(this.#footer, more);
      this.#nearEnd.observe(this.#footer);
    } else if (this.#keys.size > 0) setChildren(this.#footer);
    else setChildren(this.#footer, typeof this.#empty === "string" ? emptyState(this.#empty) : this.#empty);
  }

  #showError(error, retry) {
    if (error.name === "AbortError") return;
    setChildren(this.#footer, errorText(error.message), button("Try again", retry, { class: "plain" }));
  }
}
