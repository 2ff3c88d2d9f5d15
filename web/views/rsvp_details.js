// A dialog for the guests and reminders of the user's own RSVP.

import { Dialog } from "../components/dialog.js";
import { element } from "../components/dom.js";
import { Field, fieldError, Form } from "../components/form.js";
import { toastError } from "../components/toast.js";
import { t } from "../i18n.js";

const MAX_GUESTS = 10;
const MAX_REMINDERS = 5;
const REMINDERS = [
  [15, t("rsvp.minutes_15")],
  [60, t("rsvp.hour")],
  [1440, t("rsvp.day")],
  [10_080, t("rsvp.week")],
];
const REFUSALS = {
  "event.full": t("rsvp.too_few_places"),
  "permission.denied": t("rsvp.fewer_guests"),
};

// `onChanged()` reloads the event.
export async function rsvpDetailsDialog(session, event, onChanged) {
  const path = `/v1/events/${encodeURIComponent(event.id)}/rsvp`;
  try {
    open(session, path, await session.api.get(path), onChanged);
  } catch (error) {
    toastError(error);
  }
}

function open(session, path, rsvp, onChanged) {
  const guests = new Field("guests", t("rsvp.guests"), {
    type: "number",
    min: 0,
    max: MAX_GUESTS,
    step: 1,
    value: rsvp.guests,
    required: true,
    hint: t("rsvp.guests_hint"),
  });
  const known = REMINDERS.map(([minutes]) => minutes);
  // Reminders that were set elsewhere stay.
  const others = rsvp.reminders.filter((minutes) => !known.includes(minutes));
  const boxes = REMINDERS.map(([minutes, label]) => {
    const box = element("input", { type: "checkbox", value: minutes });
    box.checked = rsvp.reminders.includes(minutes);
    return [box, element("label", { class: "check" }, box, label)];
  });
  const form = new Form(
    [
      guests,
      element(
        "fieldset",
        { class: "stack" },
        element("legend", {}, t("rsvp.remind_me")),
        boxes.map(([, label]) => label),
      ),
    ],
    {
      submit: t("common.save"),
      send: async (values) => {
        const chosen = boxes.filter(([box]) => box.checked).map(([box]) => Number(box.value));
        try {
          await session.api.put(path, {
            status: "GOING",
            waitlist: rsvp.waitlist_position !== null,
            guests: Number(values.guests),
            reminders: [...chosen, ...others].slice(0, MAX_REMINDERS),
          });
        } catch (error) {
          const text = REFUSALS[error.code];
          throw text ? fieldError("guests", text) : error;
        }
        dialog.close();
        await onChanged();
      },
    },
  );
  const dialog = new Dialog(t("rsvp.guests_and_reminders"), form.element).open();
}
