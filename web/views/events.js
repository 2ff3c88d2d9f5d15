// Upcoming events, filtered by what they are to the user, text, category, dates and distance.

import { button, element, emptyState, setChildren } from "../components/dom.js";
import { categoryLabel, eventCard } from "../components/event_card.js";
import { CATEGORIES } from "../components/event_choices.js";
import { icon } from "../components/icons.js";
import { PagedList } from "../components/paged_list.js";
import { toast } from "../components/toast.js";
import { t } from "../i18n.js";

const SEARCH_DELAY_MS = 300;
const SEARCH_CHARACTERS_MIN = 2;
const RELATIONS = [
  ["", t("events.all")],
  ["hosting", t("events.hosting")],
  ["going", t("events.filter_going")],
  ["invited", t("events.invited")],
];
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

  const tabs = RELATIONS.map(([value, label]) =>
    button(label, () => choose(value), { class: "choice", "aria-pressed": value === "" ? "true" : "false" }),
  );

  function choose(value) {
    relation = value;
    tabs.forEach((tab, index) => tab.setAttribute("aria-pressed", String(RELATIONS[index][0] === value)));
    search();
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

  function search() {
    const words = text.value.trim();
    const query = {
      q: words.length < SEARCH_CHARACTERS_MIN ? "" : words,
      category: category.value,
      from: (from.value ? new Date(`${from.value}T00:00`) : new Date()).toISOString(),
      to: to.value ? new Date(`${to.value}T23:59:59`).toISOString() : null,
      mine: relation || null,
      near: distance.value && position ? `${position},${distance.value}` : null,
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

  const form = element(
    "form",
    { class: "filters", role: "search", onsubmit: (event) => event.preventDefault() },
    labelled(t("events.search"), text),
    labelled(t("event_form.category"), category),
    labelled(t("events.from"), from),
    labelled(t("events.until"), to),
    labelled(t("events.near_me"), distance),
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
      element("div", { class: "row wrap", role: "group", "aria-label": t("events.show") }, tabs),
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
