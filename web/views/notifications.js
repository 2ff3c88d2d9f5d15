// What happened that concerns one: the list, kept true by the socket, and a way to mark it as read. Opening
// one marks it as read.

import { avatar } from "../parts/avatar.js";
import { button, element, fill, hidden } from "../parts/dom.js";
import { icon } from "../parts/icons.js";
import { ago } from "../parts/moments.js";
import { Pages } from "../parts/pages.js";
import { failed } from "../parts/toast.js";
import { Scope } from "../state/signal.js";

export function notificationsView(session) {
  const scope = new Scope();
  const { notifications } = session;
  const place = element("div", {});
  const all = button("Mark all as read", () => notifications.markAllRead().catch(failed), { class: "plain" });
  const only = element("input", { type: "checkbox", onchange: begin });
  let pages = null;

  function begin() {
    pages = new Pages({
      read: (cursor) => notifications.page(cursor, only.checked),
      render: row,
      empty: "Nothing here.",
      className: "list boxed",
    });
    fill(place, pages.element);
    pages.begin();
  }

  function row(one) {
    const item = element(
      "a",
      {
        href: target(one),
        class: one.is_read ? "notification" : "notification unread",
        onclick: () => read(one),
      },
      one.sender
        ? avatar(one.sender, { dot: false })
        : element("span", { class: "avatar group" }, icon("event")),
      element(
        "span",
        { class: "grow" },
        !one.is_read && hidden("Unread: "),
        element("span", { dir: "auto" }, one.message),
        element("span", { class: "quiet" }, " · ", ago(one.created_at)),
      ),
    );
    return item;
  }

  function read(one) {
    if (!one.is_read) notifications.markRead(one.id).catch(failed);
  }

  function marked(ids) {
    for (const item of pages.list.children) {
      if (ids !== null && !ids.includes(item.dataset.key)) continue;
      item.classList.remove("unread");
      item.querySelector(".hidden-text")?.remove();
    }
  }

  scope.keep(
    notifications.came.on((one) => {
      pages.remove(one.id);
      pages.putFirst(one);
    }),
  );
  scope.keep(notifications.wereRead.on(marked));
  scope.keep(notifications.lost.on(begin));
  const counted = () => {
    all.disabled = notifications.unread === 0;
  };
  scope.keep(notifications.changed.on(counted));
  counted();
  begin();
  return {
    title: "Notifications",
    element: element(
      "section",
      { class: "column" },
      element("div", { class: "row spread" }, element("h1", { tabindex: "-1" }, "Notifications"), all),
      element("label", { class: "check" }, only, "Only unread ones"),
      place,
    ),
    close: () => scope.close(),
  };
}

function target(one) {
  switch (one.type) {
    case "FOLLOW":
      return one.sender ? `#/@${one.sender.username}` : "#/people";
    case "LIKE":
    case "COMMENT":
      return `#/post/${one.reference_id}`;
    case "MENTION":
      return one.conversation_id ? `#/messages/${one.conversation_id}` : "#/messages";
    case "EVENT_INVITE":
    case "EVENT_UPDATE":
      return `#/event/${one.reference_id}`;
    default:
      return "#/notifications";
  }
}
