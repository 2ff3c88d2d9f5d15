// A list that is read page by page: the first page with `load`, the next ones while scrolling. Shows loading,
// empty and error states, and each item once.

import { t } from "../i18n.js";
import {
  button,
  element,
  emptyState,
  errorText,
  focusFirst,
  loadingText,
  setChildren,
  skeleton,
} from "./dom.js";

const PRELOAD_PX = 400;
const MAX_REFRESHED_PAGES = 5;

export class PagedList {
  #read;
  #render;
  #keyOf;
  #empty;
  #place;
  #update;
  #cursor = null;
  // The cursors of the pages that were read, and the keys of their items.
  #pages = [];
  #paged = new Set();
  #refreshing = null;
  // What changed while the first page is read, which may be older; null if it is not being read.
  #changes = null;
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
  // `update(item)` shows what changed of an item, see `refresh`.
  constructor({
    read,
    render,
    keyOf = (item) => item.id,
    empty = t("common.nothing_yet"),
    tag = "div",
    className = "list boxed",
    place = () => false,
    update = () => {},
  }) {
    this.#read = read;
    this.#render = render;
    this.#keyOf = keyOf;
    this.#empty = empty;
    this.#place = place;
    this.#update = update;
    this.list = element(tag, { class: className });
    this.element = element("div", {}, this.list, this.#footer);
  }

  // The row of the item with that key, or null.
  find(key) {
    return this.#rows.get(key) ?? null;
  }

  get size() {
    return this.#rows.size;
  }

  // Reads the first page and replaces what is shown. Returns whether it could be read.
  async load() {
    this.#generation += 1;
    const generation = this.#generation;
    this.#changes ??= [];
    if (this.#rows.size === 0) setChildren(this.#footer, skeleton());
    try {
      const page = await this.#read(null);
      if (generation !== this.#generation) return true;
      this.#rows.clear();
      this.#paged.clear();
      this.#pages = [null];
      this.list.replaceChildren();
      this.#add(page);
      const changes = this.#changes;
      this.#changes = null;
      for (const change of changes) change();
      return true;
    } catch (error) {
      if (generation === this.#generation) this.#showError(error, () => this.load());
      return false;
    }
  }

  // Reads the pages that are shown again: adds new items, removes those that are gone, and updates the others.
  // A call during another one makes it run once more.
  refresh() {
    if (this.#refreshing !== null) {
      this.#refreshing.again = true;
      return;
    }
    if (this.#pages.length === 0) return;
    this.#refreshing = { again: false };
    this.#readAgain().finally(() => {
      const { again } = this.#refreshing;
      this.#refreshing = null;
      if (again) this.refresh();
    });
  }

  async #readAgain() {
    const generation = this.#generation;
    const cursors = this.#pages.slice(-MAX_REFRESHED_PAGES);
    const found = new Map();
    let next = null;
    try {
      for (const cursor of cursors) {
        const page = await this.#read(cursor);
        for (const item of page.items) found.set(this.#keyOf(item), item);
        next = page.next_cursor;
      }
    } catch {
      // What is shown stays as it is.
      return;
    }
    // A page that was added meanwhile is newer.
    if (generation !== this.#generation || cursors.at(-1) !== this.#pages.at(-1)) return;
    if (cursors.length === this.#pages.length)
      for (const key of [...this.#paged]) if (!found.has(key)) this.remove(key);
    for (const [key, item] of found) if (this.#rows.has(key)) this.#update(item);
    this.#add({ items: [...found.values()], next_cursor: next });
  }

  prepend(item) {
    this.#changes?.push(() => this.prepend(item));
    if (this.#isNew(item)) this.list.prepend(this.#row(item));
  }

  append(item) {
    this.#changes?.push(() => this.append(item));
    if (this.#isNew(item)) this.#append(item);
  }

  remove(key) {
    this.#changes?.push(() => this.remove(key));
    const row = this.find(key);
    if (row === null) return;
    const next = row.nextElementSibling ?? row.previousElementSibling;
    const hadFocus = row.contains(document.activeElement);
    row.remove();
    if (hadFocus) focusFirst(next);
    this.#rows.delete(key);
    this.#paged.delete(key);
    this.#showFooter();
  }

  async #loadMore() {
    this.#nearEnd.disconnect();
    const generation = this.#generation;
    const { size } = this.#rows;
    const hadFocus = this.#footer.contains(document.activeElement);
    setChildren(this.#footer, loadingText());
    try {
      const cursor = this.#cursor;
      const page = await this.#read(cursor);
      if (generation !== this.#generation) return;
      this.#pages.push(cursor);
      this.#add(page);
    } catch (error) {
      if (generation === this.#generation) this.#showError(error, () => this.#loadMore());
    }
    // The button is gone: one goes on at the first new row, or tries again.
    if (hadFocus && document.activeElement === document.body)
      focusFirst([...this.#rows.values()][size] ?? this.#footer);
  }

  #add({ items, next_cursor: next }) {
    for (const item of items) {
      const key = this.#keyOf(item);
      if (!this.#rows.has(key)) this.#append(item);
      this.#paged.add(key);
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
