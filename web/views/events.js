// The events that are to come, found by words, kind and time, those that begin soonest first.

import { element, fill } from "../parts/dom.js";
import { eventCard } from "../parts/event_card.js";
import { icon } from "../parts/icons.js";
import { Pages } from "../parts/pages.js";
import { CATEGORIES } from "./event_form.js";

const WAIT_MS = 300;

export function eventsView(session) {
  const place = element("div", {});
  const q = element("input", { type: "search", id: "events-q", placeholder: "Title or description" });
  const category = element(
    "select",
    { id: "events-category" },
    element("option", { value: "" }, "All kinds"),
    CATEGORIES.map((one) => element("option", { value: one }, one)),
  );
  const from = element("input", { type: "date", id: "events-from" });
  const to = element("input", { type: "date", id: "events-to" });
  let timer = null;

  function find() {
    const query = {
      q: q.value.trim(),
      category: category.value,
      from: (from.value ? new Date(`${from.value}T00:00`) : new Date()).toISOString(),
      to: to.value ? new Date(`${to.value}T23:59:59`).toISOString() : null,
    };
    const pages = new Pages({
      read: (cursor) => session.api.get("/v1/events", { ...query, cursor }),
      render: eventCard,
      empty: "No events like that.",
    });
    fill(place, pages.element);
    pages.begin();
  }

  const form = element(
    "form",
    { class: "filters", role: "search", onsubmit: (event) => event.preventDefault() },
    labelled("Search events", q),
    labelled("Kind", category),
    labelled("From", from),
    labelled("Until", to),
  );
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(find, WAIT_MS);
  });
  find();
  return {
    title: "Events",
    element: element(
      "section",
      { class: "column" },
      element(
        "div",
        { class: "row spread" },
        element("h1", { tabindex: "-1" }, "Events"),
        element("a", { href: "#/events/new", class: "button primary" }, icon("plus"), "New event"),
      ),
      form,
      place,
    ),
    close: () => clearTimeout(timer),
  };
}

function labelled(label, input) {
  return element("div", { class: "field" }, element("label", { for: input.id }, label), input);
}
