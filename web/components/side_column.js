// Next to the column of a view, where the screen is wide enough: the next events and the keyboard shortcuts.

import { t } from "../i18n.js";
import { button, element, setChildren, skeleton } from "./dom.js";
import { dateBlock } from "./event_card.js";
import { showShortcuts } from "./shortcuts.js";
import { formatRange } from "./time_format.js";

const WIDE = matchMedia("(min-width: 80rem)");
const EVENTS = 3;
const REFRESH_MS = 5 * 60_000;

export class SideColumn {
  #session;
  #readMs = null;
  #events = element("div", { class: "stack" }, skeleton());
  element = element(
    "aside",
    { class: "side-column", "aria-label": t("events.upcoming") },
    element("section", { class: "panel" }, element("h2", {}, t("events.upcoming")), this.#events),
    button(t("shortcuts.title"), showShortcuts, { class: "link" }),
  );

  constructor(session, scope) {
    this.#session = session;
    scope.listen(WIDE, "change", () => this.update());
  }

  // Reads the events where they are visible, at most every five minutes.
  async update() {
    if (!WIDE.matches || this.element.hidden) return;
    if (this.#readMs !== null && Date.now() - this.#readMs < REFRESH_MS) return;
    this.#readMs = Date.now();
    try {
      const query = { from: new Date().toISOString(), limit: EVENTS };
      const { items } = await this.#session.api.get("/v1/events", query);
      setChildren(this.#events, items.map(eventLink), items.length === 0 && createLink());
    } catch {
      // Not worth an error; it is read again with the next view.
      this.#readMs = null;
    }
  }
}

function eventLink(event) {
  return element(
    "a",
    { class: "row side-event", href: `#/event/${event.id}` },
    dateBlock(event.start_datetime),
    element(
      "span",
      { class: "grow" },
      element("strong", { class: "one-line", dir: "auto" }, event.title),
      element("span", { class: "secondary" }, formatRange(event.start_datetime, event.end_datetime)),
    ),
  );
}

function createLink() {
  return element("a", { href: "#/events/new", class: "button plain" }, t("events.create"));
}
