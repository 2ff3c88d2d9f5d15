// Checking in to an event: the code that a guest shows, and the page that a host's camera opens from it.

import { Dialog } from "../components/dialog.js";
import { button, element, errorText, setChildren, skeleton } from "../components/dom.js";
import { qrCode } from "../components/qr_code.js";
import { toastError } from "../components/toast.js";
import { userRow } from "../components/user_row.js";

export async function showCheckInCode(session, event) {
  try {
    const rsvp = await session.api.get(`/v1/events/${encodeURIComponent(event.id)}/rsvp`);
    if (!rsvp.check_in_code) return;
    const path = `event/${event.id}/check-in/${rsvp.user.id}/${rsvp.check_in_code}`;
    new Dialog(
      "Check-in code",
      element("p", {}, "Show this to a host at the entrance. They scan it with their phone's camera."),
      qrCode(`${location.origin}/#/${path}`, "Check-in code"),
      element("p", { class: "secondary code-text" }, rsvp.check_in_code),
      rsvp.checked_in_at !== null && element("p", { class: "notice", role: "status" }, "You are checked in."),
    ).open();
  } catch (error) {
    toastError(error);
  }
}

export function checkInView(session, { id, user, code }) {
  const content = element("div", { class: "stack" }, skeleton());
  const path = `/v1/events/${encodeURIComponent(id)}`;

  async function checkIn() {
    setChildren(content, skeleton());
    try {
      const rsvp = await session.api.put(`${path}/attendance/${encodeURIComponent(user)}`, { code });
      const time = new Date(rsvp.checked_in_at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
      const party = rsvp.guests > 0 ? `, with ${rsvp.guests === 1 ? "1 guest" : `${rsvp.guests} guests`}` : "";
      setChildren(
        content,
        userRow(rsvp.user),
        element("p", { class: "notice", role: "status" }, `Checked in at ${time}${party}.`),
      );
    } catch (error) {
      setChildren(content, errorText(error.message), button("Try again", checkIn, { class: "plain" }));
    }
  }

  checkIn();
  return {
    title: "Check in",
    element: element(
      "section",
      { class: "column" },
      element("h1", { tabindex: "-1" }, "Check in"),
      element("div", { class: "panel" }, content),
      element("p", {}, element("a", { href: `#/event/${id}`, class: "button plain" }, "Back to the event")),
    ),
  };
}
