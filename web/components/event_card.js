// An event in a list: date, title, number of attendees and the user's own RSVP.

import { t } from "../i18n.js";
import { element } from "./dom.js";
import { formatRange, monthAndDay } from "./time_format.js";

export const RSVP_LABELS = {
  GOING: t("events.going"),
  INTERESTED: t("events.interested"),
  MAYBE: t("events.maybe"),
  NOT_GOING: t("events.not_going"),
};

const CATEGORY_LABELS = {
  SOCIAL: t("categories.social"),
  MUSIC: t("categories.music"),
  SPORT: t("categories.sport"),
  FOOD: t("categories.food"),
  CULTURE: t("categories.culture"),
  BOOKS: t("categories.books"),
  GAMES: t("categories.games"),
  OUTDOORS: t("categories.outdoors"),
  TECH: t("categories.tech"),
  LEARNING: t("categories.learning"),
  OTHER: t("categories.other"),
};

export function hasEnded(event) {
  return new Date(event.end_datetime) < new Date();
}

// Whether users may still respond.
export function isOpen(event) {
  return event.cancelled_at === null && event.hidden_at === null && !hasEnded(event);
}

export function eventCard(event) {
  return element(
    "article",
    { class: "event-card" },
    dateBlock(event.start_datetime),
    element(
      "div",
      { class: "grow" },
      element(
        "h2",
        { class: "clamped" },
        element("a", { href: `#/event/${event.id}`, dir: "auto" }, event.title),
      ),
      element("p", { class: "secondary" }, formatRange(event.start_datetime, event.end_datetime)),
      event.place && element("p", { class: "secondary", dir: "auto" }, event.place.name),
      element(
        "p",
        { class: "row tags" },
        cancelledTag(event),
        hasEnded(event) && element("span", { class: "tag" }, t("events.ended")),
        visibilityTag(event),
        element("span", { class: "tag" }, categoryLabel(event.category)),
        goingTag(event),
        rsvpTag(event),
      ),
    ),
  );
}

export function dateBlock(timestamp) {
  const [month, day] = monthAndDay(timestamp);
  return element(
    "div",
    { class: "date-block", "aria-hidden": "true" },
    element("span", {}, month),
    element("strong", {}, day),
  );
}

export function goingTag(event) {
  const numbers = { count: event.going_count, capacity: event.capacity };
  const isFull = event.going_count >= event.capacity;
  return element(
    "span",
    { class: "tag" },
    isFull ? t("events.full_count", numbers) : t("events.going_count", numbers),
  );
}

export function cancelledTag(event) {
  return event.cancelled_at !== null && element("span", { class: "tag cancelled" }, t("events.cancelled"));
}

export function visibilityTag(event) {
  return event.visibility === "invited" && element("span", { class: "tag" }, t("events.invited_only"));
}

// A category without a label is one of a later server.
export function categoryLabel(category) {
  return CATEGORY_LABELS[category] ?? category.charAt(0) + category.slice(1).toLowerCase().replace(/_/g, " ");
}

function rsvpTag(event) {
  if (event.my_waitlist_position !== null)
    return element(
      "span",
      { class: "tag mine" },
      t("events.waitlist_position", { position: event.my_waitlist_position }),
    );
  if (event.my_rsvp === "PENDING") return element("span", { class: "tag mine" }, t("people.requested"));
  if (event.my_rsvp !== null) return element("span", { class: "tag mine" }, RSVP_LABELS[event.my_rsvp]);
  return null;
}
