// The events of a month, day by day: a grid of days, and below it the events of the chosen day. One day at a time is in the
// tab order; arrow keys, Home, End, Page Up and Page Down move between days.

import { currentLocale, t } from "../i18n.js";
import { readPages } from "../network/pages.js";
import { dateOf, dayAfter, eventsByDay, firstDayOfWeek, keyOf, weeksOf } from "../state/month.js";
import { button, element, emptyState, errorText, setChildren, skeleton } from "./dom.js";
import { eventCard } from "./event_card.js";
import { icon } from "./icons.js";

const PAGE = 100;
const MAX_PAGES = 5;
const TITLES_PER_DAY = 2;
const monthName = new Intl.DateTimeFormat(currentLocale(), { month: "long", year: "numeric" });
const weekdayName = new Intl.DateTimeFormat(currentLocale(), { weekday: "short" });
const fullDate = new Intl.DateTimeFormat(currentLocale(), { weekday: "long", day: "numeric", month: "long" });

// `read({from, to, limit, cursor})` returns a page of events between two times.
export class MonthCalendar {
  #read;
  #firstDay = firstDayOfWeek(currentLocale());
  #selected = keyOf(new Date());
  #byDay = new Map();
  #generation = 0;
  #title = element("h2", { "aria-live": "polite" });
  #grid = element("div", { class: "month-grid", role: "grid" });
  #note = element("div", {});
  #day = element("div", { class: "stack" });

  constructor(read) {
    this.#read = read;
    const move = (label, name, months) =>
      element(
        "button",
        { type: "button", class: "icon-button", "aria-label": label, onclick: () => this.#moveMonths(months) },
        icon(name),
      );
    this.#grid.addEventListener("keydown", (event) => this.#onKey(event));
    this.element = element(
      "div",
      { class: "stack" },
      element(
        "div",
        { class: "panel" },
        element(
          "div",
          { class: "row month-header" },
          this.#title,
          move(t("month.previous"), "back", -1),
          button(t("month.today"), () => this.#select(keyOf(new Date()), { focus: false }), { class: "plain" }),
          move(t("month.next"), "forward", 1),
        ),
        this.#grid,
        this.#note,
      ),
      this.#day,
    );
    this.#showMonth();
  }

  // Reads the events of the month again, for other filters.
  async load() {
    const generation = (this.#generation += 1);
    const days = this.#days().flat();
    const [from, to] = [dateOf(days[0]), dateOf(dayAfter(days.at(-1), 1))];
    const range = { from: from.toISOString(), to: to.toISOString(), limit: PAGE };
    setChildren(this.#note);
    setChildren(this.#day, skeleton());
    try {
      const { items: events, isComplete } = await readPages((cursor) => this.#read({ ...range, cursor }), MAX_PAGES);
      if (generation !== this.#generation) return;
      this.#byDay = eventsByDay(events, days);
      this.#showDays();
      this.#showDay();
      setChildren(this.#note, !isComplete && element("p", { class: "secondary" }, t("month.too_many")));
    } catch (error) {
      if (generation !== this.#generation) return;
      setChildren(
        this.#day,
        errorText(error.message),
        button(t("common.try_again"), () => this.load(), { class: "plain" }),
      );
    }
  }

  #days() {
    const date = dateOf(this.#selected);
    return weeksOf(date.getFullYear(), date.getMonth(), this.#firstDay);
  }

  #moveMonths(months) {
    const date = dateOf(this.#selected);
    const last = new Date(date.getFullYear(), date.getMonth() + months + 1, 0).getDate();
    const day = Math.min(date.getDate(), last);
    this.#select(keyOf(new Date(date.getFullYear(), date.getMonth() + months, day)), { focus: false });
  }

  #select(key, { focus = true } = {}) {
    const isOther = monthOf(key) !== monthOf(this.#selected);
    this.#selected = key;
    if (isOther) {
      this.#byDay = new Map();
      this.#showMonth();
      this.load();
    } else {
      this.#showDays();
      this.#showDay();
    }
    if (focus) this.#focusDay();
  }

  #showMonth() {
    this.#title.textContent = monthName.format(dateOf(this.#selected));
    this.#grid.setAttribute("aria-label", this.#title.textContent);
    this.#showDays();
  }

  #showDays() {
    const hasFocus = this.#grid.contains(document.activeElement);
    const weeks = this.#days();
    const names = weeks[0].map((key) =>
      element("span", { role: "columnheader", class: "secondary" }, weekdayName.format(dateOf(key))),
    );
    setChildren(
      this.#grid,
      element("div", { role: "row", class: "month-week" }, names),
      weeks.map((days) =>
        element(
          "div",
          { role: "row", class: "month-week" },
          days.map((key) => this.#dayCell(key)),
        ),
      ),
    );
    if (hasFocus) this.#focusDay();
  }

  #focusDay() {
    this.#grid.querySelector('[tabindex="0"]').focus();
  }

  #dayCell(key) {
    const events = this.#byDay.get(key) ?? [];
    const date = dateOf(key);
    const isToday = key === keyOf(new Date());
    const classes = [
      "month-day",
      monthOf(key) !== monthOf(this.#selected) && "outside",
      isToday && "today",
      events.length > 0 && "busy",
    ];
    const label =
      events.length > 0
        ? t("month.events_on", { date: fullDate.format(date), count: events.length })
        : fullDate.format(date);
    const more = events.length - TITLES_PER_DAY;
    const day = button(
      [
        element("span", { class: "number" }, String(date.getDate())),
        events
          .slice(0, TITLES_PER_DAY)
          .map((event) => element("span", { class: "month-event", dir: "auto" }, event.title)),
        more > 0 && element("span", { class: "month-more" }, t("month.more", { count: more })),
      ],
      () => this.#select(key),
      {
        class: classes.filter(Boolean).join(" "),
        tabindex: key === this.#selected ? 0 : -1,
        "aria-label": label,
        "aria-current": isToday ? "date" : null,
        "data-day": key,
      },
    );
    return element("div", { role: "gridcell", "aria-selected": String(key === this.#selected) }, day);
  }

  #showDay() {
    const events = this.#byDay.get(this.#selected) ?? [];
    setChildren(
      this.#day,
      element("h2", {}, fullDate.format(dateOf(this.#selected))),
      events.length > 0
        ? element("div", { class: "list boxed" }, events.map(eventCard))
        : emptyState(t("month.none")),
    );
  }

  #onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const weekday = this.#days().flat().indexOf(this.#selected) % 7;
    const days = {
      ArrowLeft: -1,
      ArrowRight: 1,
      ArrowUp: -7,
      ArrowDown: 7,
      Home: -weekday,
      End: 6 - weekday,
    }[event.key];
    if (days !== undefined) this.#select(dayAfter(this.#selected, days));
    else if (event.key === "PageUp" || event.key === "PageDown") {
      this.#moveMonths(event.key === "PageUp" ? -1 : 1);
      this.#focusDay();
    } else return;
    event.preventDefault();
  }
}

function monthOf(key) {
  return key.slice(0, 7);
}
