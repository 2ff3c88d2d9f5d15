// The user's own RSVP, and the waitlist of a full event. Joining the waitlist is a separate button.

import { button, element, errorText, setChildren } from "../components/dom.js";
import { RSVP_LABELS } from "../components/event_card.js";

// `onChanged()` reloads the event.
export function rsvpControls(session, event, onChanged) {
  const path = `/v1/events/${encodeURIComponent(event.id)}/rsvp`;
  const problem = element("div", { role: "alert" });
  const position = event.my_waitlist_position;
  const isOver = new Date(event.end_datetime) < new Date();

  async function run(request) {
    controls.setAttribute("aria-busy", "true");
    try {
      await request();
      await onChanged();
    } catch (error) {
      setChildren(problem, error.code === "event.full" ? waitlistOffer() : errorText(error.message));
    }
    controls.removeAttribute("aria-busy");
  }

  function waitlistOffer() {
    const join = () => run(() => session.api.put(path, { status: "GOING", waitlist: true }));
    return element(
      "p",
      { class: "row wrap" },
      "This event is full. The first person on the waitlist gets the next free spot.",
      button("Join waitlist", join, { class: "primary" }),
    );
  }

  const choices = Object.entries(RSVP_LABELS).map(([status, label]) =>
    button(label, () => run(() => session.api.put(path, { status })), {
      class: "choice",
      "aria-pressed": String(event.my_rsvp === status),
    }),
  );
  const controls = element(
    "div",
    { class: "rsvp-controls" },
    element("h2", { id: "rsvp-heading" }, isOver ? "This event has ended" : "Are you going?"),
    position !== null &&
      element("p", { class: "notice", role: "status" }, `You are number ${position} on the waitlist.`),
    !isOver &&
      element("div", { class: "row wrap", role: "group", "aria-labelledby": "rsvp-heading" }, choices),
    problem,
    (event.my_rsvp !== null || position !== null) &&
      button(
        position !== null ? "Leave waitlist" : "Remove my response",
        () => run(() => session.api.delete(path)),
        { class: "link" },
      ),
  );
  return controls;
}
