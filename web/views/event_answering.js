// One's own answer to an event: four buttons, and the line of those who wait when it is full. It never
// joins the line without being asked.

import { button, element, fill } from "../parts/dom.js";
import { ANSWERS } from "../parts/event_card.js";

export function answering(session, event, changed) {
  const path = `/v1/events/${encodeURIComponent(event.id)}/rsvp`;
  const trouble = element("div", { role: "alert" });
  const waits = event.my_waitlist_position !== null;
  const over = new Date(event.end_datetime) < new Date();

  async function act(request) {
    place.setAttribute("aria-busy", "true");
    try {
      await request();
      await changed();
    } catch (error) {
      if (error.code === "event.full") fill(trouble, full());
      else fill(trouble, element("p", { class: "trouble" }, error.message));
    }
    place.removeAttribute("aria-busy");
  }

  function full() {
    return element(
      "p",
      { class: "row wrap" },
      "All places are taken. If one becomes free it goes to the first in line.",
      button(
        "Join the waitlist",
        () => act(() => session.api.put(path, { status: "GOING", waitlist: true })),
        { class: "primary" },
      ),
    );
  }

  const choices = Object.entries(ANSWERS).map(([status, label]) =>
    button(label, () => act(() => session.api.put(path, { status })), {
      class: "choice",
      "aria-pressed": String(event.my_rsvp === status),
    }),
  );
  const place = element(
    "div",
    { class: "answering" },
    element("h2", { id: "your-answer" }, over ? "This event is over" : "Are you going?"),
    waits &&
      element(
        "p",
        { class: "notice", role: "status" },
        `You are on the waitlist, at place ${event.my_waitlist_position}.`,
      ),
    !over && element("div", { class: "row wrap", role: "group", "aria-labelledby": "your-answer" }, choices),
    trouble,
    (event.my_rsvp !== null || waits) &&
      button(
        waits ? "Leave the waitlist" : "Take my answer back",
        () => act(() => session.api.delete(path)),
        { class: "link" },
      ),
  );
  return place;
}
