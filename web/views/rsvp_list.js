// Who responded to an event, by RSVP status. Hosts can remove attendees.

import { confirmDialog } from "../components/dialog.js";
import { button, element, setChildren, visuallyHidden } from "../components/dom.js";
import { RSVP_LABELS } from "../components/event_card.js";
import { PagedList } from "../components/paged_list.js";
import { toastError } from "../components/toast.js";
import { detailedUserRow } from "../components/user_row.js";
import { t } from "../i18n.js";
import { nameOf } from "../state/user_cards.js";
import { isHost } from "./event_hosting.js";

const STATUSES = ["GOING", "INTERESTED", "MAYBE"];
// Of others.
const LABELS = { ...RSVP_LABELS, GOING: t("rsvp.going") };

// "+2" guests, and whether the user was checked in, which only hosts see.
export function partyLabel(rsvp) {
  const parts = [
    rsvp.guests > 0 && t("rsvp.party", { count: rsvp.guests }),
    rsvp.checked_in_at !== null && t("rsvp.checked_in"),
  ].filter(Boolean);
  return parts.length > 0 ? parts.join(" · ") : null;
}

// `onChanged()` reloads the event and this list.
export function rsvpList(session, event, onChanged) {
  const hosting = isHost(session, event);
  const hostIds = event.hosts.map((host) => host.id);
  const content = element("div", {});
  const path = `/v1/events/${encodeURIComponent(event.id)}/rsvps`;
  let selected = STATUSES[0];

  let list = null;

  // What is shown stays until the list was read.
  async function load() {
    const next = new PagedList({
      read: (cursor) => session.api.get(path, { status: selected, cursor }),
      render: (rsvp) => detailedUserRow(rsvp.user, partyLabel(rsvp), removeButton(rsvp.user)),
      keyOf: (rsvp) => rsvp.user.id,
      empty: t("rsvp.no_one"),
    });
    buttons.forEach((one, index) => one.setAttribute("aria-pressed", String(STATUSES[index] === selected)));
    const isFirst = list === null;
    list = next;
    if (isFirst) setChildren(content, next.element);
    await next.load();
    if (list === next) setChildren(content, next.element);
  }

  function removeButton(card) {
    if (!hosting || hostIds.includes(card.id)) return null;
    return button([t("common.remove"), visuallyHidden(` ${nameOf(card)}`)], () => remove(card), {
      class: "plain",
    });
  }

  async function remove(card) {
    const text = t("rsvp.remove_hint");
    if (!(await confirmDialog(t("rsvp.remove_title", { name: nameOf(card) }), text, t("common.remove"))))
      return;
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
    button(LABELS[status], () => select(status), { class: "choice" }),
  );
  load();
  return {
    element: element(
      "div",
      { class: "stack", id: "rsvps" },
      element("h2", {}, t("rsvp.list_title")),
      element("div", { class: "row wrap" }, buttons),
      content,
    ),
    load,
  };
}
