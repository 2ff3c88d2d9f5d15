// Who responded to an event, by RSVP status. The host can remove guests.

import { confirmDialog } from "../components/dialog.js";
import { button, element, setChildren, visuallyHidden } from "../components/dom.js";
import { RSVP_LABELS } from "../components/event_card.js";
import { PagedList } from "../components/paged_list.js";
import { toastError } from "../components/toast.js";
import { userRow } from "../components/user_row.js";
import { nameOf } from "../state/user_cards.js";
import { isHost } from "./event_hosting.js";

const STATUSES = ["GOING", "INTERESTED", "MAYBE"];

// "+2" guests, and whether the user was checked in, which only hosts see.
export function partyLabel(rsvp) {
  const parts = [
    rsvp.guests > 0 && (rsvp.guests === 1 ? "+1 guest" : `+${rsvp.guests} guests`),
    rsvp.checked_in_at !== null && "Checked in",
  ].filter(Boolean);
  return parts.length > 0 ? element("span", { class: "secondary" }, parts.join(" · ")) : null;
}

// `onChanged()` reloads the event and this list.
export function rsvpList(session, event, onChanged) {
  const hosting = isHost(session, event);
  const hostIds = event.hosts.map((host) => host.id);
  const content = element("div", {});
  const path = `/v1/events/${encodeURIComponent(event.id)}/rsvps`;
  let selected = STATUSES[0];

  function load() {
    const list = new PagedList({
      read: (cursor) => session.api.get(path, { status: selected, cursor }),
      render: (rsvp) => userRow(rsvp.user, partyLabel(rsvp), removeButton(rsvp.user)),
      keyOf: (rsvp) => rsvp.user.id,
      empty: "No one yet",
    });
    setChildren(content, list.element);
    list.load();
    buttons.forEach((one, index) => one.setAttribute("aria-pressed", String(STATUSES[index] === selected)));
  }

  function removeButton(card) {
    if (!hosting || hostIds.includes(card.id)) return null;
    return button(["Remove", visuallyHidden(` ${nameOf(card)}`)], () => remove(card), { class: "plain" });
  }

  async function remove(card) {
    const text = "They leave the event's conversation, and can only come back if you invite them.";
    if (!(await confirmDialog(`Remove ${nameOf(card)}?`, text, "Remove"))) return;
    try {
      await session.api.delete(`${path}/${encodeURIComponent(card.id)}`);
      await onChanged();
    } catch (error) {
      toastError(error);
    }
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
