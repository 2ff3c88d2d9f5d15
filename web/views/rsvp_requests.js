// Requests to go to an event, for its hosts.

import { button, element, setChildren, visuallyHidden } from "../components/dom.js";
import { PagedList } from "../components/paged_list.js";
import { toast, toastError } from "../components/toast.js";
import { detailedUserRow } from "../components/user_row.js";
import { t } from "../i18n.js";
import { nameOf } from "../state/user_cards.js";
import { partyLabel } from "./rsvp_list.js";

// `onChanged()` reloads the event.
export function rsvpRequests(session, event, onChanged) {
  const path = `/v1/events/${encodeURIComponent(event.id)}/requests`;
  const content = element("div", {});
  let list = null;

  // What is shown stays until the list was read.
  async function load() {
    const next = new PagedList({
      read: (cursor) => session.api.get(path, { cursor }),
      render: (request) =>
        detailedUserRow(
          request.user,
          partyLabel(request),
          action(t("common.accept"), "primary", request, () => session.api.put(urlOf(request))),
          action(t("common.decline"), "plain", request, () => session.api.delete(urlOf(request))),
        ),
      keyOf: (request) => request.user.id,
      empty: t("common.no_requests"),
    });
    const isFirst = list === null;
    list = next;
    if (isFirst) setChildren(content, next.element);
    await next.load();
    if (list === next) setChildren(content, next.element);
  }

  function urlOf(request) {
    return `${path}/${encodeURIComponent(request.user.id)}`;
  }

  function action(label, className, request, send) {
    const run = async () => {
      try {
        const rsvp = await send();
        list.remove(request.user.id);
        if (rsvp?.waitlist_position) toast(t("rsvp.on_waitlist", { name: nameOf(request.user) }));
        await onChanged();
      } catch (error) {
        toastError(error);
      }
    };
    return button([label, visuallyHidden(` ${nameOf(request.user)}`)], run, { class: className });
  }

  load();
  return {
    element: element("div", { class: "stack" }, element("h2", {}, t("rsvp.requests")), content),
    load,
  };
}
