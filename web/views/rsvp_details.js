// A dialog for the guests and reminders of the user's own RSVP.

import { Dialog } from "../components/dialog.js";
import { element } from "../components/dom.js";
import { Field, Form } from "../components/form.js";
import { toastError } from "../components/toast.js";

const MAX_GUESTS = 10;
const MAX_REMINDERS = 5;
const REMINDERS = [
  [15, "15 minutes before"],
  [60, "1 hour before"],
  [1440, "1 day before"],
  [10_080, "1 week before"],
];

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
  const guests = new Field("guests", "Guests you bring", {
    type: "number",
    min: 0,
    max: MAX_GUESTS,
    step: 1,
    value: rsvp.guests,
    required: true,
    hint: "Each guest takes a place.",
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
        element("legend", {}, "Remind me"),
        boxes.map(([, label]) => label),
      ),
    ],
    {
      submit: "Save",
      send: async (values) => {
        const chosen = boxes.filter(([box]) => box.checked).map(([box]) => Number(box.value));
        await session.api.put(path, {
          status: "GOING",
          waitlist: rsvp.waitlist_position !== null,
          guests: Number(values.guests),
          reminders: [...chosen, ...others].slice(0, MAX_REMINDERS),
        });
        dialog.close();
        await onChanged();
      },
    },
  );
  const dialog = new Dialog("Guests and reminders", form.element).open();
}
