// Upcoming events, filtered by text, category and dates.

import { element, emptyState, setChildren } from "../components/dom.js";
import { categoryLabel, eventCard } from "../components/event_card.js";
import { icon } from "../components/icons.js";
import { PagedList } from "../components/paged_list.js";
import { CATEGORIES } from "./event_form.js";

const SEARCH_DELAY_MS = 300;
const SEARCH_CHARACTERS_MIN = 2;

export function eventsView(session) {
  const content = element("div", {});
  const text = element("input", { type: "search", id: "events-q", placeholder: "Title or description" });
  const category = element(
    "select",
    { id: "events-category" },
    element("option", { value: "" }, "All categories"),
    CATEGORIES.map((one) => element("option", { value: one }, categoryLabel(one))),
  );
  const from = element("input", { type: "date", id: "events-from" });
  const to = element("input", { type: "date", id: "events-to" });
  let timer = null;

  function search() {
    const words = text.value.trim();
    const query = {
      q: words.length < SEARCH_CHARACTERS_MIN ? "" : words,
      category: category.value,
      from: (from.value ? new Date(`${from.value}T00:00`) : new Date()).toISOString(),
      to: to.value ? new Date(`${to.value}T23:59:59`).toISOString() : null,
    };
    const list = new PagedList({
      read: (cursor) => session.api.get("/v1/events", { ...query, cursor }),
      render: eventCard,
      empty: emptyState(
        "No events found",
        element("a", { href: "#/events/new", class: "button plain" }, "Create an event"),
      ),
    });
    setChildren(content, list.element);
    list.load();
  }

  const form = element(
    "form",
    { class: "filters", role: "search", onsubmit: (event) => event.preventDefault() },
    labelled("Search events", text),
    labelled("Category", category),
    labelled("From", from),
    labelled("Until", to),
  );
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, SEARCH_DELAY_MS);
  });
  search();
  return {
    title: "Events",
    element: element(
      "section",
      { class: "column" },
      element(
        "div",
        { class: "row wrap space-between" },
        element("h1", { tabindex: "-1" }, "Events"),
        element("a", { href: "#/events/new", class: "button primary" }, icon("plus"), "New event"),
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
