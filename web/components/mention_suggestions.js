// Completes `@name` in a text field: members that match by username or display name, for large groups also
// users found by the server. Arrow keys select, Enter and Tab insert, Escape closes.

import { findMentions } from "../state/mentions.js";
import { nameOf } from "../state/user_cards.js";
import { avatar } from "./avatar.js";
import { element, newElementId, setChildren } from "./dom.js";

const AT_WORD = /(?<![\w@.])@([\w.]{0,50})$/;
const MAX_SHOWN = 6;
const SEARCH_DELAY_MS = 200;

export class MentionSuggestions {
  #session;
  #conversation;
  #input;
  #shown = [];
  #selected = 0;
  #timer = null;
  #request = null;
  // Ids of inserted users who are not among the known members, by username.
  #inserted = new Map();
  element = element("ul", {
    id: newElementId("mentions"),
    class: "plain-list mention-suggestions",
    role: "listbox",
    "aria-label": "People",
    hidden: true,
  });

  constructor(session, conversation, input) {
    this.#session = session;
    this.#conversation = conversation;
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
    if (this.element.hidden) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.#select((this.#selected + step + this.#shown.length) % this.#shown.length);
    else if (event.key === "Enter" || event.key === "Tab") this.#insert(this.#shown[this.#selected]);
    else if (event.key === "Escape") this.close();
    else return false;
    event.preventDefault();
    return true;
  }

  // The ids of the users that `text` mentions.
  idsIn(text) {
    const members = new Map(this.#conversation.info.participants.map((one) => [one.username, one.id]));
    const ids = findMentions(text).map((name) => members.get(name) ?? this.#inserted.get(name));
    return [...new Set(ids)].filter((id) => id !== undefined && !this.#session.isMe(id));
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
    const prefix = match[1].toLowerCase();
    const { participants, member_count: count } = this.#conversation.info;
    const members = participants.filter((one) => !this.#session.isMe(one.id) && matches(one, prefix));
    this.#show(members.slice(0, MAX_SHOWN));
    if (count <= participants.length || members.length >= MAX_SHOWN || prefix.length < 2) return;
    this.#timer = setTimeout(() => this.#search(prefix, members), SEARCH_DELAY_MS);
  }

  async #search(prefix, members) {
    this.#request = new AbortController();
    const { signal } = this.#request;
    try {
      const query = { q: prefix, limit: MAX_SHOWN };
      const { items } = await this.#session.api.get("/v1/users", query, { signal });
      const known = new Set(members.map((one) => one.id));
      const found = items.filter((one) => !known.has(one.id) && !this.#session.isMe(one.id));
      this.#show([...members, ...found].slice(0, MAX_SHOWN));
    } catch {
      // The members that are known stay listed.
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
    if (cards.length > 0) this.#select(0);
  }

  #select(index) {
    this.#selected = index;
    [...this.element.children].forEach((option, at) =>
      option.setAttribute("aria-selected", String(at === index)),
    );
    this.#input.setAttribute("aria-activedescendant", `${this.element.id}-${index}`);
  }

  #insert(card) {
    const { value, selectionStart: caret } = this.#input;
    const start = AT_WORD.exec(value.slice(0, caret)).index;
    this.#inserted.set(card.username, card.id);
    this.#input.setRangeText(`@${card.username} `, start, caret, "end");
    this.close();
    this.#input.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

function matches(card, prefix) {
  const words = nameOf(card).toLowerCase().split(/\s+/);
  return card.username.startsWith(prefix) || words.some((word) => word.startsWith(prefix));
}
