// The requests to join a conversation or an event, each with Accept and Decline.

import { avatar } from "../components/avatar.js";
import { button, element, emptyState, setChildren } from "../components/dom.js";
import { icon } from "../components/icons.js";
import { relativeTime } from "../components/time_format.js";
import { toastError } from "../components/toast.js";
import { rowActions } from "../components/user_row.js";
import { t, tParts } from "../i18n.js";
import { nameOf } from "../state/user_cards.js";

export function requestsPane(session, scope) {
  const { requests } = session;
  const content = element("div", { class: "scroll-area padded" });

  function show() {
    const rows = requests.list().map(row);
    setChildren(content, rows.length > 0 ? element("ul", { class: "plain-list list" }, rows) : empty());
  }

  function empty() {
    return emptyState(t("common.no_requests"));
  }

  function row(request) {
    const { requested_by: actor, conversation_id: id, event_id: eventId } = request;
    const name = element("strong", { dir: "auto" }, request.name ?? t("messages.a_group"));
    const person = element("a", { href: `#/@${actor.username}`, dir: "auto" }, nameOf(actor));
    return element(
      "li",
      { class: "user-row" },
      avatar(actor, {}),
      element(
        "div",
        { class: "grow" },
        eventId === null
          ? tParts("messages.wants_to_add", { name: person, group: name })
          : tParts("messages.wants_to_invite", {
              name: person,
              group: element("a", { href: `#/event/${eventId}` }, name),
            }),
        element("div", { class: "secondary" }, relativeTime(request.created_at)),
      ),
      rowActions([
        button(t("common.accept"), () => answer(() => requests.accept(id)), { class: "primary" }),
        button(t("common.decline"), () => answer(() => requests.decline(id)), { class: "plain" }),
      ]),
    );
  }

  async function answer(send) {
    try {
      await send();
    } catch (error) {
      toastError(error);
    }
  }

  scope.keep(requests.changed.on(show));
  show();
  return element(
    "div",
    { class: "conversation" },
    element(
      "header",
      { class: "row conversation-header" },
      element(
        "a",
        { href: "#/messages", class: "icon-button back", "aria-label": t("messages.back") },
        icon("back"),
      ),
      element("h2", { tabindex: "-1" }, t("messages.requests")),
    ),
    content,
  );
}
