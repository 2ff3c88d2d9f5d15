// Who answered an event, by answer.

import { button, element, fill } from "../parts/dom.js";
import { ANSWERS } from "../parts/event_card.js";
import { Pages } from "../parts/pages.js";
import { personRow } from "../parts/person.js";

export function answers(session, event) {
  const list = element("div", {});
  const kinds = Object.entries(ANSWERS).slice(0, 3);
  let status = "GOING";

  function begin() {
    const pages = new Pages({
      read: (cursor) =>
        session.api.get(`/v1/events/${encodeURIComponent(event.id)}/rsvps`, { status, cursor }),
      render: (rsvp) => personRow(rsvp.user),
      keyOf: (rsvp) => rsvp.user.id,
      empty: "Nobody yet.",
    });
    fill(list, pages.element);
    pages.begin();
    buttons.forEach((one, place) => one.setAttribute("aria-pressed", String(kinds[place][0] === status)));
  }

  const buttons = kinds.map(([kind, label]) =>
    button(
      label,
      () => {
        status = kind;
        begin();
      },
      { class: "choice" },
    ),
  );
  begin();
  return {
    element: element(
      "div",
      { class: "stack" },
      element("h2", {}, "Who is coming"),
      element("div", { class: "row wrap" }, buttons),
      list,
    ),
    begin,
  };
}
