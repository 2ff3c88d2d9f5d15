// The notifications of the user, updated live. Opening one marks it as read.

import { avatar } from "../components/avatar.js";
import { button, element, emptyState, setChildren, visuallyHidden } from "../components/dom.js";
import { icon } from "../components/icons.js";
import { PagedList } from "../components/paged_list.js";
import { relativeTime } from "../components/time_format.js";
import { toastError } from "../components/toast.js";
import { t } from "../i18n.js";
import { notificationText, targetOf } from "../state/notification_types.js";
import { Scope } from "../state/signal.js";

export function notificationsView(session) {
  const scope = new Scope();
  const { notifications } = session;
  const content = element("div", {});
  const markAll = button(t("notifications.mark_all"), () => notifications.markAllRead().catch(toastError), {
    class: "plain",
  });
  const unreadOnly = element("input", { type: "checkbox", onchange: load });
  let list = null;

  function load() {
    list = new PagedList({
      read: (cursor) => notifications.page(cursor, unreadOnly.checked),
      render: row,
      empty: unreadOnly.checked ? t("notifications.none_unread") : nothingYet(),
    });
    setChildren(content, list.element);
    list.load();
  }

  function row(notification) {
    const { is_read: isRead, sender, created_at: createdAt } = notification;
    return element(
      "a",
      {
        href: targetOf(notification),
        class: isRead ? "notification" : "notification unread",
        onclick: () => markRead(notification),
      },
      sender ? avatar(sender, { dot: false }) : element("span", { class: "avatar group" }, icon(iconOf(notification.type))),
      element(
        "span",
        { class: "grow" },
        !isRead && visuallyHidden(`${t("notifications.unread")} `),
        element("span", { dir: "auto" }, notificationText(notification)),
        element("span", { class: "secondary" }, " · ", relativeTime(createdAt)),
      ),
    );
  }

  function markRead(notification) {
    if (!notification.is_read) notifications.markRead(notification.id).catch(toastError);
  }

  // `ids` null: all.
  function showRead(ids) {
    for (const item of list.list.children) {
      if (ids !== null && !ids.includes(item.dataset.key)) continue;
      item.classList.remove("unread");
      item.querySelector(".visually-hidden")?.remove();
    }
  }

  scope.keep(
    notifications.created.on((notification) => {
      list.remove(notification.id);
      list.prepend(notification);
    }),
  );
  scope.keep(notifications.read.on(showRead));
  scope.keep(notifications.withdrawn.on((ids) => ids.forEach((id) => list.remove(id))));
  scope.keep(notifications.outdated.on(load));
  const updateButton = () => {
    markAll.disabled = notifications.unread === 0;
  };
  scope.keep(notifications.unreadChanged.on(updateButton));
  updateButton();
  load();
  return {
    title: t("notifications.title"),
    element: element(
      "section",
      { class: "column" },
      element(
        "div",
        { class: "row wrap space-between" },
        element("h1", { tabindex: "-1" }, t("notifications.title")),
        markAll,
      ),
      element("label", { class: "check" }, unreadOnly, t("notifications.unread_only")),
      content,
    ),
    close: () => scope.close(),
  };
}

function nothingYet() {
  const find = element("a", { href: "#/people", class: "button primary" }, t("feed.find_people"));
  return emptyState(t("notifications.none"), find);
}

function iconOf(type) {
  if (type === "MODERATION") return "flag";
  return type === "EXPORT_READY" ? "bell" : "event";
}
