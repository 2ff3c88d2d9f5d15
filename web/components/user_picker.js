// Selects users by search. Without a query it lists the users that the user follows. Enter selects the first one
// that was found, arrow keys move between them.

import { t } from "../i18n.js";
import { isSearchable, userSearchText } from "../state/search_text.js";
import { nameOf } from "../state/user_cards.js";
import { avatar } from "./avatar.js";
import { button, element, newElementId, setChildren, visuallyHidden } from "./dom.js";

const SEARCH_DELAY_MS = 250;
const MAX_RESULTS = 12;

export class UserPicker {
  #session;
  #selected = new Map();
  #excluded;
  #onChange;
  #submitButton = null;
  #request = null;
  #timer = null;
  // The query of the results, null while they are read.
  #shownQuery = null;
  #results = element("ul", { class: "list plain-list picker-results" });
  #chips = element("div", { class: "chips" });
  #input;

  constructor(session, { label = t("people.search"), excluded = [], onChange = () => null } = {}) {
    const id = newElementId("picker");
    this.#session = session;
    this.#excluded = new Set([session.user.id, ...excluded]);
    this.#onChange = onChange;
    this.#input = element("input", {
      id,
      type: "search",
      placeholder: t("people.search_placeholder"),
      autocomplete: "off",
      oninput: () => this.#searchLater(),
      onkeydown: (event) => this.#onKey(event),
    });
    this.#results.addEventListener("keydown", (event) => this.#onKey(event));
    this.element = element(
      "div",
      { class: "picker field" },
      element("label", { for: id }, label),
      this.#chips,
      this.#input,
      this.#results,
    );
    this.#search();
  }

  get selected() {
    return [...this.#selected.values()];
  }

  // On touch screens the keyboard would cover the results.
  focus() {
    if (matchMedia("(pointer: fine)").matches) this.#input.focus();
  }

  get #query() {
    return userSearchText(this.#input.value);
  }

  // A button for what is done with the selected users: disabled while there are none.
  submitButton(label, onClick) {
    this.#submitButton = button(label, onClick, { class: "primary", disabled: this.#selected.size === 0 });
    return this.#submitButton;
  }

  #searchLater() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#search(), SEARCH_DELAY_MS);
  }

  #onKey(event) {
    if (event.isComposing || event.ctrlKey || event.metaKey) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      const stops = [this.#input, ...this.#results.querySelectorAll("button")];
      stops[stops.indexOf(document.activeElement) + step]?.focus();
    } else if (event.key === "Enter" && event.target === this.#input && this.#query) this.#selectFirst();
    else return;
    event.preventDefault();
  }

  // The first one of the query as it is now, not of the one before.
  async #selectFirst() {
    const query = this.#query;
    if (!isSearchable(query)) return;
    if (this.#shownQuery !== query) await this.#search();
    const first = this.#results.querySelector("button");
    if (this.#shownQuery !== query || this.#query !== query || first === null) return;
    if (first.getAttribute("aria-pressed") === "false") first.click();
    this.#input.value = "";
    this.#search();
  }

  async #search() {
    clearTimeout(this.#timer);
    this.#shownQuery = null;
    this.#request?.abort();
    this.#request = new AbortController();
    const { signal } = this.#request;
    const { api, user } = this.#session;
    const query = this.#query;
    try {
      const searches = isSearchable(query);
      const page = searches
        ? await api.get("/v1/users", { q: query, limit: MAX_RESULTS }, { signal })
        : await api.get(`/v1/users/${user.id}/following`, { limit: MAX_RESULTS }, { signal });
      const found = page.items.filter((card) => !this.#excluded.has(card.id));
      const empty = searches ? t("people.none_found") : t("people.search_hint");
      setChildren(
        this.#results,
        found.map((card) => this.#row(card)),
        found.length === 0 && element("li", { class: "secondary" }, empty),
      );
      this.#shownQuery = query;
    } catch (error) {
      if (error.name !== "AbortError")
        setChildren(this.#results, element("li", { class: "error-text" }, error.message));
    }
  }

  #row(card) {
    const row = element(
      "button",
      {
        type: "button",
        class: "user-row choice",
        "aria-pressed": String(this.#selected.has(card.id)),
        onclick: () => this.#toggle(card, row),
      },
      avatar(card),
      element(
        "span",
        { class: "grow" },
        element("span", { class: "name", dir: "auto" }, nameOf(card)),
        element("span", { class: "secondary one-line" }, `@${card.username}`),
      ),
    );
    return element("li", {}, row);
  }

  #toggle(card, row) {
    if (!this.#selected.delete(card.id)) this.#selected.set(card.id, card);
    row.setAttribute("aria-pressed", String(this.#selected.has(card.id)));
    this.#showSelected();
  }

  #showSelected() {
    setChildren(
      this.#chips,
      this.selected.map((card) => this.#chip(card)),
    );
    if (this.#submitButton !== null) this.#submitButton.disabled = this.#selected.size === 0;
    this.#onChange(this.selected);
  }

  #chip(card) {
    const remove = () => {
      this.#selected.delete(card.id);
      this.#showSelected();
      this.#search();
      this.focus();
    };
    return element(
      "button",
      { type: "button", class: "chip", onclick: remove },
      element("span", { class: "one-line" }, nameOf(card)),
      element("span", { "aria-hidden": "true" }, "✕"),
      visuallyHidden(` ${t("people.remove_chip")}`),
    );
  }
}
