// The user's own RSVP, and the waitlist of a full event. Joining the waitlist is a separate button.

import { button, element, errorText, setChildren } from "../components/dom.js";
import { hasEnded, isOpen, RSVP_LABELS } from "../components/event_card.js";
import { t } from "../i18n.js";
import { showCheckInCode } from "./check_in.js";
import { rsvpDetailsDialog } from "./rsvp_details.js";

// `onChanged()` reloads the event.
export function rsvpControls(session, event, onChanged) {
  const path = `/v1/events/${encodeURIComponent(event.id)}/rsvp`;
  const problem = element("div", { role: "alert" });
  const position = event.my_waitlist_position;
  const isClosed = !isOpen(event);
  const isGoing = event.my_rsvp === "GOING" || event.my_rsvp === "PENDING" || position !== null;

  async function run(request) {
    controls.setAttribute("aria-busy", "true");
    setChildren(problem);
    try {
      await request();
      await onChanged();
    } catch (error) {
      setChildren(problem, refusal(error));
    }
    controls.removeAttribute("aria-busy");
  }

  function refusal(error) {
    if (error.code === "event.full") return waitlistOffer();
    return errorText(error.code === "permission.denied" ? t("rsvp.removed") : error.message);
  }

  function waitlistOffer() {
    const join = () => run(() => session.api.put(path, { status: "GOING", waitlist: true }));
    return element(
      "p",
      { class: "row wrap" },
      t("rsvp.full"),
      button(t("rsvp.join_waitlist"), join, { class: "primary" }),
    );
  }

  const choices = Object.entries(RSVP_LABELS).map(([status, label]) =>
    button(label, () => run(() => session.api.put(path, { status })), {
      class: "choice",
      "aria-pressed": String(event.my_rsvp === status || (event.my_rsvp === "PENDING" && status === "GOING")),
    }),
  );
  const controls = element(
    "div",
    { class: "rsvp-controls" },
    element("h2", { id: "rsvp-heading" }, heading()),
    position !== null &&
      !isClosed &&
      element("p", { class: "notice", role: "status" }, t("rsvp.position", { position })),
    event.my_rsvp === "PENDING" &&
      !isClosed &&
      element("p", { class: "notice", role: "status" }, t("rsvp.asked")),
    !isClosed &&
      element("div", { class: "row wrap", role: "group", "aria-labelledby": "rsvp-heading" }, choices),
    isGoing &&
      !isClosed &&
      element(
        "div",
        { class: "row wrap" },
        button(guestsLabel(event.my_guests), () => rsvpDetailsDialog(session, event, onChanged), {
          class: "plain",
        }),
        event.my_rsvp === "GOING" &&
          button(t("check_in.code"), () => showCheckInCode(session, event), { class: "plain" }),
      ),
    problem,
    (event.my_rsvp !== null || position !== null) &&
      button(removeLabel(), () => run(() => session.api.delete(path)), { class: "link" }),
  );
  return controls;

  function heading() {
    if (event.cancelled_at !== null) return t("rsvp.was_cancelled");
    return hasEnded(event) ? t("rsvp.ended") : t("rsvp.are_you_going");
  }

  function removeLabel() {
    if (position !== null) return t("rsvp.leave_waitlist");
    return event.my_rsvp === "PENDING" ? t("rsvp.withdraw") : t("rsvp.remove_response");
  }
}

function guestsLabel(count) {
  if (count === 0) return t("rsvp.guests_and_reminders");
  return t("rsvp.guests_count", { count });
}
