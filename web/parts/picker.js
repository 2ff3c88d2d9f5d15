// Choosing people: search on one side, who is chosen on the other. Without words it offers those whom one
// follows. It never chooses oneself.

import { nameOf } from "../state/people.js";
import { avatar } from "./avatar.js";
import { button, element, fill, newElementId } from "./dom.js";

const WAIT_MS = 250;

export class Picker {
  #session;
  #chosen = new Map();
  #excluded;
  #onChange;
  #asked = null;
  #timer = null;
  #list = element("ul", { class: "list plain-list picker-list" });
  #chips = element("div", { class: "chips" });
  #input;

  constructor(session, { label = "Search people", excluded = [], onChange = () => null } = {}) {
    const id = newElementId("picker");
    this.#session = session;
    this.#excluded = new Set([session.user.id, ...excluded]);
    this.#onChange = onChange;
    this.#input = element("input", {
      id,
      type: "search",
      placeholder: "Name or @username",
      autocomplete: "off",
      oninput: () => this.#search(),
    });
    this.element = element(
      "div",
      { class: "picker field" },
      element("label", { for: id }, label),
      this.#chips,
      this.#input,
      this.#list,
    );
    this.#find();
  }

  get chosen() {
    return [...this.#chosen.values()];
  }

  choose(card) {
    this.#chosen.set(card.id, card);
    this.#show();
  }

  focus() {
    this.#input.focus();
  }

  #search() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#find(), WAIT_MS);
  }

  async #find() {
    this.#asked?.abort();
    this.#asked = new AbortController();
    const { signal } = this.#asked;
    const { api, user } = this.#session;
    const words = this.#input.value.trim().replace(/^@/, "");
    try {
      const page = words
        ? await api.get("/v1/users", { q: words, limit: 12 }, { signal })
        : await api.get(`/v1/users/${user.id}/following`, { limit: 12 }, { signal });
      const found = page.items.filter((card) => !this.#excluded.has(card.id));
      const none = words ? "Nobody is called that." : "Search for somebody.";
      fill(
        this.#list,
        found.map((card) => this.#row(card)),
        found.length === 0 && element("li", { class: "quiet" }, none),
      );
    } catch (error) {
      if (error.name !== "AbortError") fill(this.#list, element("li", { class: "trouble" }, error.message));
    }
  }

  #row(card) {
    const row = element(
      "button",
      {
        type: "button",
        class: "person choice",
        "aria-pressed": String(this.#chosen.has(card.id)),
        onclick: () => this.#toggle(card, row),
      },
      avatar(card),
      element(
        "span",
        { class: "grow" },
        element("span", { class: "name", dir: "auto" }, nameOf(card)),
        " ",
        element("span", { class: "quiet" }, `@${card.username}`),
      ),
    );
    return element("li", {}, row);
  }

  #toggle(card, row) {
    if (!this.#chosen.delete(card.id)) this.#chosen.set(card.id, card);
    row.setAttribute("aria-pressed", String(this.#chosen.has(card.id)));
    this.#show();
  }

  #show() {
    const chips = this.chosen.map((card) =>
      button(
        `${nameOf(card)} ✕`,
        () => {
          this.#chosen.delete(card.id);
          this.#show();
          this.#find();
        },
        { class: "chip", "aria-label": `Remove ${nameOf(card)}` },
      ),
    );
    fill(this.#chips, chips);
    this.#onChange(this.chosen);
  }
}
