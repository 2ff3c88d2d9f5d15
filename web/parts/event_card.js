// An event in a list: when, what, how many go, and one's own answer.

import { element } from "./dom.js";
import { monthAndDay, span } from "./moments.js";

export const ANSWERS = { GOING: "Going", INTERESTED: "Interested", MAYBE: "Maybe", NOT_GOING: "Can’t go" };

export function eventCard(event) {
  return element(
    "article",
    { class: "event-card" },
    dateBlock(event.start_datetime),
    element(
      "div",
      { class: "grow" },
      element("h2", {}, element("a", { href: `#/event/${event.id}`, dir: "auto" }, event.title)),
      element("p", { class: "quiet" }, span(event.start_datetime, event.end_datetime)),
      element(
        "p",
        { class: "row tags" },
        element("span", { class: "tag" }, event.category),
        places(event),
        answerTag(event),
      ),
    ),
  );
}

export function dateBlock(moment) {
  const [month, day] = monthAndDay(moment);
  return element(
    "div",
    { class: "date-block", "aria-hidden": "true" },
    element("span", {}, month),
    element("strong", {}, day),
  );
}

export function places(event) {
  return element("span", { class: "tag" }, `${event.going_count} of ${event.capacity} going`);
}

export function answerTag(event) {
  if (event.my_waitlist_position !== null)
    return element("span", { class: "tag mine" }, `Waitlist: ${event.my_waitlist_position}.`);
  if (event.my_rsvp !== null) return element("span", { class: "tag mine" }, ANSWERS[event.my_rsvp]);
  return null;
}
