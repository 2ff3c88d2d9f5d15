// Upcoming events, filtered by what they are to the user, text, category, dates and distance: a list, or a calendar of
// the month, which has past ones too. The user's own past events are a separate list.

import { button, element, emptyState, setChildren } from "../components/dom.js";
import { categoryLabel, eventCard } from "../components/event_card.js";
import { CATEGORIES } from "../components/event_choices.js";
import { icon } from "../components/icons.js";
import { MonthCalendar } from "../components/month_calendar.js";
import { PagedList } from "../components/paged_list.js";
import { toast } from "../components/toast.js";
import { t } from "../i18n.js";
import { isSearchable } from "../state/search_text.js";
import { pastEvents } from "./past_events.js";

const SEARCH_DELAY_MS = 300;
const RELATIONS = [
  ["", t("events.all")],
  ["hosting", t("events.hosting")],
  ["going", t("events.filter_going")],
  ["invited", t("events.invited")],
  ["past", t("events.past")],
];
const NARROW = matchMedia("(max-width: 44rem)");
const DISTANCES_KM = [5, 25, 100];
const LOCATION_TIMEOUT_MS = 15_000;

export function eventsView(session) {
  const content = element("div", {});
  const text = element("input", {
    type: "search",
    id: "events-q",
    placeholder: t("events.search_placeholder"),
  });
  const category = element(
    "select",
    { id: "events-category" },
    element("option", { value: "" }, t("events.all_categories")),
    CATEGORIES.map((one) => element("option", { value: one }, categoryLabel(one))),
  );
  const from = element("input", { type: "date", id: "events-from" });
  const to = element("input", { type: "date", id: "events-to" });
  const distance = element(
    "select",
    { id: "events-distance" },
    element("option", { value: "" }, t("events.anywhere")),
    DISTANCES_KM.map((km) => element("option", { value: km }, t("events.within_km", { km }))),
  );
  let timer = null;
  let relation = "";
  let position = null;
  let calendar = null;

  const tabs = RELATIONS.map(([value, label]) => button(label, () => choose(value), { class: "choice" }));
  const views = [
    button(t("events.list_view"), () => chooseView(false), { class: "choice" }),
    button(t("events.month_view"), () => chooseView(true), { class: "choice" }),
  ];
  const viewChoice = element("div", { class: "row", role: "group", "aria-label": t("events.view") }, views);

  function choose(value) {
    relation = value;
    search();
  }

  function chooseView(isMonth) {
    calendar = isMonth
      ? new MonthCalendar((range) => session.api.get("/v1/events", { ...filters(), ...range }))
      : null;
    search();
  }

  function showChoices() {
    tabs.forEach((tab, index) => tab.setAttribute("aria-pressed", String(RELATIONS[index][0] === relation)));
    views.forEach((view, index) => view.setAttribute("aria-pressed", String((index === 1) === (calendar !== null))));
    form.hidden = viewChoice.hidden = relation === "past";
    // The calendar has its dates.
    for (const field of dates) field.hidden = calendar !== null;
  }

  async function chooseDistance() {
    try {
      if (distance.value !== "") position ??= await currentPosition();
    } catch {
      distance.value = "";
      toast(t("events.no_location"));
    }
    search();
  }

  function filters() {
    const words = text.value.trim();
    return {
      q: isSearchable(words) ? words : "",
      category: category.value,
      mine: relation || null,
      near: distance.value && position ? `${position},${distance.value}` : null,
    };
  }

  function search() {
    showChoices();
    if (relation === "past") setChildren(content, pastEvents(session));
    else if (calendar === null) showList();
    else {
      setChildren(content, calendar.element);
      calendar.load();
    }
  }

  function showList() {
    const query = {
      ...filters(),
      from: (from.value ? new Date(`${from.value}T00:00`) : new Date()).toISOString(),
      to: to.value ? new Date(`${to.value}T23:59:59`).toISOString() : null,
    };
    const list = new PagedList({
      read: (cursor) => session.api.get("/v1/events", { ...query, cursor }),
      render: eventCard,
      empty: emptyState(
        t("events.none_found"),
        element("a", { href: "#/events/new", class: "button plain" }, t("events.create")),
      ),
    });
    setChildren(content, list.element);
    list.load();
  }

  const dates = [labelled(t("events.from"), from), labelled(t("events.until"), to)];
  // A phone shows the events first.
  const more = element(
    "details",
    { class: "more-filters", open: !NARROW.matches },
    element("summary", {}, t("events.filters")),
    element(
      "div",
      { class: "filters" },
      labelled(t("event_form.category"), category),
      dates,
      labelled(t("events.near_me"), distance),
    ),
  );
  const form = element(
    "form",
    { class: "stack", role: "search", onsubmit: (event) => event.preventDefault() },
    labelled(t("events.search"), text),
    more,
  );
  distance.addEventListener("change", chooseDistance);
  form.addEventListener("input", (event) => {
    if (event.target === distance) return;
    clearTimeout(timer);
    timer = setTimeout(search, SEARCH_DELAY_MS);
  });
  search();
  return {
    title: t("events.title"),
    element: element(
      "section",
      { class: "column" },
      element(
        "div",
        { class: "row wrap space-between" },
        element("h1", { tabindex: "-1" }, t("events.title")),
        element("a", { href: "#/events/new", class: "button primary" }, icon("plus"), t("event_form.new")),
      ),
      element(
        "div",
        { class: "row wrap space-between event-tabs" },
        element("div", { class: "row wrap", role: "group", "aria-label": t("events.show") }, tabs),
        viewChoice,
      ),
      form,
      content,
    ),
    close: () => clearTimeout(timer),
  };
}

function labelled(label, input) {
  return element("div", { class: "field" }, element("label", { for: input.id }, label), input);
}

// Rounded to about 100 m, which is enough to find events.
function currentPosition() {
  return new Promise((resolve, reject) => {
    if (!navigator.geolocation) {
      reject(new Error("no geolocation"));
      return;
    }
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve(`${coords.latitude.toFixed(3)},${coords.longitude.toFixed(3)}`),
      reject,
      { timeout: LOCATION_TIMEOUT_MS },
    );
  });
}
