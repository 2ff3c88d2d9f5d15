// Completes `@name` in a text field: people with a word of the username or display name that matches, those that are
// loaded and those that the server finds. Arrow keys select, Enter and Tab insert, Escape closes.

import { t } from "../i18n.js";
import { nameOf } from "../state/user_cards.js";
import { avatar } from "./avatar.js";
import { element, newElementId, setChildren } from "./dom.js";

const AT_WORD = /(?<![\w@.])@([\p{L}\p{M}\p{N}_.]{0,50})$/u;
const MAX_SHOWN = 6;
const SEARCH_DELAY_MS = 200;

export class MentionSuggestions {
  #names;
  #input;
  #shown = [];
  #selected = 0;
  #timer = null;
  #request = null;
  element = element("ul", {
    id: newElementId("mentions"),
    class: "plain-list mention-suggestions",
    role: "listbox",
    "aria-label": t("people.title"),
    hidden: true,
  });

  // `names`: whom a name can mean, `MemberNames` or `UserNames`.
  constructor(names, input) {
    this.#names = names;
    this.#input = input;
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-haspopup", "listbox");
    input.setAttribute("aria-controls", this.element.id);
    input.addEventListener("input", () => this.#update());
    input.addEventListener("blur", () => this.close());
    // Before the blur of the input, which closes the list.
    this.element.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const index = [...this.element.children].indexOf(event.target.closest("li"));
      if (index >= 0) this.#insert(this.#shown[index]);
    });
  }

  // Handles a key while the list is open. Returns whether it did.
  onKey(event) {
    // An input method has the keys while it composes.
    if (this.element.hidden || event.isComposing) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.#select((this.#selected + step + this.#shown.length) % this.#shown.length);
    else if (event.key === "Enter" || event.key === "Tab") this.#insert(this.#shown[this.#selected]);
    else if (event.key === "Escape") this.close();
    else return false;
    event.preventDefault();
    return true;
  }

  close() {
    clearTimeout(this.#timer);
    this.#request?.abort();
    this.element.hidden = true;
    this.#input.removeAttribute("aria-activedescendant");
  }

  #update() {
    this.close();
    const match = AT_WORD.exec(this.#input.value.slice(0, this.#input.selectionStart));
    if (match === null) return;
    const prefix = match[1];
    const loaded = this.#names.loaded(prefix);
    this.#show(loaded.slice(0, MAX_SHOWN));
    if (prefix === "" || loaded.length >= MAX_SHOWN || !this.#names.hasMore) return;
    this.#timer = setTimeout(() => this.#search(prefix, loaded), SEARCH_DELAY_MS);
  }

  async #search(prefix, loaded) {
    this.#request = new AbortController();
    const { signal } = this.#request;
    try {
      const found = await this.#names.search(prefix, MAX_SHOWN, signal);
      if (signal.aborted) return;
      const ids = new Set(loaded.map((one) => one.id));
      this.#show([...loaded, ...found.filter((one) => !ids.has(one.id))].slice(0, MAX_SHOWN));
    } catch {
      // Those that are loaded stay listed.
    }
  }

  #show(cards) {
    this.#shown = cards;
    this.element.hidden = cards.length === 0;
    setChildren(
      this.element,
      cards.map((card, index) =>
        element(
          "li",
          { role: "option", id: `${this.element.id}-${index}`, class: "row" },
          avatar(card, { size: "tiny", dot: false }),
          element("span", { class: "name", dir: "auto" }, nameOf(card)),
          element("span", { class: "secondary one-line" }, `@${card.username}`),
        ),
      ),
    );
    if (cards.length === 0) return;
    this.#select(0);
    this.element.scrollIntoView({ block: "nearest" });
  }

  #select(index) {
    this.#selected = index;
    [...this.element.children].forEach((option, at) =>
      option.setAttribute("aria-selected", String(at === index)),
    );
    this.element.children[index].scrollIntoView({ block: "nearest" });
    this.#input.setAttribute("aria-activedescendant", `${this.element.id}-${index}`);
  }

  #insert(card) {
    const { value, selectionStart: caret } = this.#input;
    const start = AT_WORD.exec(value.slice(0, caret)).index;
    this.#names.learn(card);
    this.#input.setRangeText(`@${card.username} `, start, caret, "end");
    this.close();
    this.#input.dispatchEvent(new Event("input", { bubbles: true }));
  }
}
