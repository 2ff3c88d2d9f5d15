// A dialog to choose an emoji: groups, a search by name, and a skin tone that is remembered. The emoji are
// loaded when the first picker opens.

import { t } from "../i18n.js";
import { inTone, loadEmoji, searchEmoji, SKIN_TONES, storedTone, storeTone } from "../state/emoji_search.js";
import { Dialog } from "./dialog.js";
import { element, errorText, newElementId, setChildren, skeleton } from "./dom.js";

const MAX_FOUND = 200;
// By their names in the data.
const GROUP_LABELS = {
  Smileys: t("emoji.smileys"),
  People: t("emoji.people"),
  "Animals and nature": t("emoji.nature"),
  "Food and drink": t("emoji.food"),
  "Travel and places": t("emoji.travel"),
  Activities: t("emoji.activities"),
  Objects: t("emoji.objects"),
  Symbols: t("emoji.symbols"),
  Flags: t("emoji.flags"),
};

// Calls `onPick(emoji)` once, after the dialog was closed.
export async function pickEmoji(onPick) {
  const dialog = new Dialog(t("emoji.title"), skeleton());
  dialog.element.classList.add("emoji-picker");
  dialog.open();
  try {
    const groups = await loadEmoji();
    const pick = (emoji) => {
      dialog.close();
      onPick(emoji);
    };
    const picker = new EmojiPicker(groups, pick);
    setChildren(dialog.body, ...picker.elements);
    picker.focus();
  } catch {
    setChildren(dialog.body, errorText(t("emoji.failed")));
  }
}

class EmojiPicker {
  #groups;
  #group = 0;
  #tone = storedTone();
  #grid = element("div", { class: "emoji-grid", role: "group" });
  #status = element("p", { class: "secondary", role: "status" });
  #search;
  #tabs;

  constructor(groups, pick) {
    this.#groups = groups;
    const id = newElementId("emoji-tone");
    this.#search = element("input", {
      type: "search",
      "aria-label": t("emoji.search"),
      placeholder: t("emoji.search_placeholder"),
      oninput: () => this.#show(),
      onkeydown: (event) => this.#onSearchKey(event),
    });
    const options = SKIN_TONES.map((name, tone) =>
      element(
        "option",
        { value: tone, selected: tone === this.#tone },
        tone ? name : t("emoji.default_tone"),
      ),
    );
    const toneSelect = element("select", { id, "aria-label": t("emoji.tone") }, options);
    toneSelect.addEventListener("change", () => {
      this.#tone = Number(toneSelect.value);
      storeTone(this.#tone);
      this.#show();
    });
    this.#tabs = groups.map(([group, entries], index) =>
      element(
        "button",
        {
          type: "button",
          class: "emoji",
          "aria-label": GROUP_LABELS[group],
          title: GROUP_LABELS[group],
          onclick: () => this.#open(index),
        },
        entries[0][0],
      ),
    );
    this.#grid.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button !== null) pick(button.textContent);
    });
    this.#grid.addEventListener("keydown", (event) => this.#onKey(event));
    this.elements = [
      element("div", { class: "row" }, this.#search, toneSelect),
      element("div", { class: "emoji-groups", role: "group", "aria-label": t("emoji.groups") }, this.#tabs),
      this.#status,
      this.#grid,
    ];
    this.#show();
  }

  focus() {
    this.#search.focus();
  }

  #open(index) {
    this.#search.value = "";
    this.#group = index;
    this.#show();
  }

  #show() {
    const query = this.#search.value.trim();
    const found = query ? searchEmoji(this.#groups, query).slice(0, MAX_FOUND) : this.#groups[this.#group][1];
    this.#tabs.forEach((tab, index) =>
      tab.setAttribute("aria-pressed", String(!query && index === this.#group)),
    );
    this.#grid.setAttribute(
      "aria-label",
      query ? t("emoji.found") : GROUP_LABELS[this.#groups[this.#group][0]],
    );
    this.#status.textContent = query && found.length === 0 ? t("emoji.none") : "";
    setChildren(
      this.#grid,
      found.map((entry, index) =>
        element(
          "button",
          {
            type: "button",
            class: "emoji",
            "aria-label": entry[1],
            title: entry[1],
            tabindex: index === 0 ? 0 : -1,
          },
          inTone(entry, this.#tone),
        ),
      ),
    );
    this.#grid.scrollTop = 0;
  }

  // Enter chooses the first emoji that was found, the down arrow moves to it.
  #onSearchKey(event) {
    const first = this.#grid.firstElementChild;
    if (first === null || event.isComposing) return;
    if (event.key === "ArrowDown") first.focus();
    else if (event.key === "Enter" && this.#search.value.trim()) first.click();
    else return;
    event.preventDefault();
  }

  // One emoji is in the tab order; arrow keys move between them, and from the first row back to the search.
  #onKey(event) {
    if (event.altKey) return;
    const buttons = [...this.#grid.children];
    const index = buttons.indexOf(document.activeElement);
    const perRow = buttons.filter((one) => one.offsetTop === buttons[0].offsetTop).length;
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: perRow, ArrowUp: -perRow }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const target = buttons[index + step];
    if (target === undefined) {
      if (event.key === "ArrowUp") this.#search.focus();
      return;
    }
    buttons[index].tabIndex = -1;
    target.tabIndex = 0;
    target.focus();
  }
}
