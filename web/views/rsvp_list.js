// Who responded to an event, by RSVP status.

import { button, element, setChildren } from "../components/dom.js";
import { RSVP_LABELS } from "../components/event_card.js";
import { PagedList } from "../components/paged_list.js";
import { userRow } from "../components/user_row.js";

const STATUSES = ["GOING", "INTERESTED", "MAYBE"];

export function rsvpList(session, event) {
  const content = element("div", {});
  const path = `/v1/events/${encodeURIComponent(event.id)}/rsvps`;
  let selected = STATUSES[0];

  function load() {
    const list = new PagedList({
      read: (cursor) => session.api.get(path, { status: selected, cursor }),
      render: (rsvp) => userRow(rsvp.user),
      keyOf: (rsvp) => rsvp.user.id,
      empty: "No one yet",
    });
    setChildren(content, list.element);
    list.load();
    buttons.forEach((one, index) => one.setAttribute("aria-pressed", String(STATUSES[index] === selected)));
  }

  function select(status) {
    selected = status;
    load();
  }

  const buttons = STATUSES.map((status) =>
    button(RSVP_LABELS[status], () => select(status), { class: "choice" }),
  );
  load();
  return {
    element: element(
      "div",
      { class: "stack" },
      element("h2", {}, "Guests"),
      element("div", { class: "row wrap" }, buttons),
      content,
    ),
    load,
  };
}
