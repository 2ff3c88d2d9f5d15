// A list that is read page by page: the first page with `load`, the next ones while scrolling. Shows loading,
// empty and error states, and each item once.

import { t } from "../i18n.js";
import { button, element, emptyState, errorText, loadingText, setChildren, skeleton } from "./dom.js";

const PRELOAD_PX = 400;

export class PagedList {
  #read;
  #render;
  #keyOf;
  #empty;
  #place;
  #cursor = null;
  #rows = new Map();
  #footer = element("div", { class: "list-footer" });
  #generation = 0;
  // Loads the next page when the end comes near. The button is there for the keyboard, and after errors.
  #nearEnd = new IntersectionObserver(
    (entries) => entries.some((one) => one.isIntersecting) && this.#loadMore(),
    { rootMargin: `${PRELOAD_PX}px 0px` },
  );

  // `read(cursor)` returns a page of the API, `render(item)` an element. `empty`: a text or an element.
  // `place(row, item)` puts a row elsewhere than at the end of the list, and returns whether it did.
  constructor({
    read,
    render,
    keyOf = (item) => item.id,
    empty = t("common.nothing_yet"),
    tag = "div",
    className = "list boxed",
    place = () => false,
  }) {
    this.#read = read;
    this.#render = render;
    this.#keyOf = keyOf;
    this.#empty = empty;
    this.#place = place;
    this.list = element(tag, { class: className });
    this.element = element("div", {}, this.list, this.#footer);
  }

  get size() {
    return this.#rows.size;
  }

  // Reads the first page and replaces what is shown. Returns whether it could be read.
  async load() {
    this.#generation += 1;
    const generation = this.#generation;
    if (this.#rows.size === 0) setChildren(this.#footer, skeleton());
    try {
      const page = await this.#read(null);
      if (generation !== this.#generation) return true;
      this.#rows.clear();
      this.list.replaceChildren();
      this.#add(page);
      return true;
    } catch (error) {
      if (generation === this.#generation) this.#showError(error, () => this.load());
      return false;
    }
  }

  prepend(item) {
    if (this.#isNew(item)) this.list.prepend(this.#row(item));
  }

  append(item) {
    if (this.#isNew(item)) this.#append(item);
  }

  remove(key) {
    if (!this.#rows.has(key)) return;
    this.#rows.get(key).remove();
    this.#rows.delete(key);
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
      if (!this.#rows.has(this.#keyOf(item))) this.#append(item);
    }
    this.#cursor = next;
    this.#showFooter();
  }

  #isNew(item) {
    if (this.#rows.has(this.#keyOf(item))) return false;
    if (this.#cursor === null) setChildren(this.#footer);
    return true;
  }

  #append(item) {
    const row = this.#row(item);
    if (!this.#place(row, item)) this.list.append(row);
  }

  #row(item) {
    const row = this.#render(item);
    row.dataset.key = this.#keyOf(item);
    this.#rows.set(row.dataset.key, row);
    return row;
  }

  #showFooter() {
    this.#nearEnd.disconnect();
    if (this.#cursor !== null) {
      const more = button(t("common.show_more"), () => this.#loadMore(), { class: "plain" });
      setChildren(this.#footer, more);
      this.#nearEnd.observe(this.#footer);
    } else if (this.#rows.size > 0) setChildren(this.#footer);
    else setChildren(this.#footer, typeof this.#empty === "string" ? emptyState(this.#empty) : this.#empty);
  }

  #showError(error, retry) {
    if (error.name === "AbortError") return;
    setChildren(
      this.#footer,
      errorText(error.message),
      button(t("common.try_again"), retry, { class: "plain" }),
    );
  }
}
