// Checking in to an event: the code that an attendee shows, and the page that a host's camera opens from it.

import { Dialog } from "../components/dialog.js";
import { button, element, errorText, setChildren, skeleton } from "../components/dom.js";
import { qrCode } from "../components/qr_code.js";
import { formatClock } from "../components/time_format.js";
import { toastError } from "../components/toast.js";
import { userRow } from "../components/user_row.js";
import { t } from "../i18n.js";

export async function showCheckInCode(session, event) {
  try {
    const rsvp = await session.api.get(`/v1/events/${encodeURIComponent(event.id)}/rsvp`);
    if (!rsvp.check_in_code) return;
    const path = `event/${event.id}/check-in/${rsvp.user.id}/${rsvp.check_in_code}`;
    new Dialog(
      t("check_in.code"),
      element("p", {}, t("check_in.show_this")),
      qrCode(`${location.origin}/#/${path}`, t("check_in.code")),
      element("p", { class: "secondary code-text" }, rsvp.check_in_code),
      rsvp.checked_in_at !== null && element("p", { class: "notice", role: "status" }, t("check_in.done")),
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
      const time = formatClock(rsvp.checked_in_at);
      const text =
        rsvp.guests > 0
          ? t("check_in.checked_in_with", { time, count: rsvp.guests })
          : t("check_in.checked_in_at", { time });
      setChildren(content, userRow(rsvp.user), element("p", { class: "notice", role: "status" }, text));
    } catch (error) {
      const isInvalid = error.code === "request.invalid";
      setChildren(
        content,
        errorText(isInvalid ? t("check_in.invalid_code") : error.message),
        button(t("common.try_again"), checkIn, { class: "plain" }),
      );
    }
  }

  checkIn();
  return {
    title: t("check_in.title"),
    element: element(
      "section",
      { class: "column" },
      element("h1", { tabindex: "-1" }, t("check_in.title")),
      element("div", { class: "panel" }, content),
      element("p", {}, element("a", { href: `#/event/${id}`, class: "button plain" }, t("check_in.back"))),
    ),
  };
}
