// The lists of muted and blocked people, in Settings.

import { button, element } from "../components/dom.js";
import { PagedList } from "../components/paged_list.js";
import { formatDate } from "../components/time_format.js";
import { toastError } from "../components/toast.js";
import { detailedUserRow } from "../components/user_row.js";
import { t } from "../i18n.js";

export function mutedPeople(session) {
  return peopleList({
    read: (cursor) => session.relationships.muted(cursor),
    cardOf: (mute) => mute.user,
    detail: mutedWhat,
    label: t("mutes.unmute"),
    undo: (userId) => session.relationships.unmute(userId),
    empty: t("mutes.none"),
  });
}

export function blockedPeople(session) {
  return peopleList({
    read: (cursor) => session.relationships.blocked(cursor),
    cardOf: (card) => card,
    detail: () => null,
    label: t("mutes.unblock"),
    undo: (userId) => session.relationships.unblock(userId),
    empty: t("mutes.none_blocked"),
  });
}

function peopleList({ read, cardOf, detail, label, undo, empty }) {
  const list = new PagedList({
    className: "list",
    read,
    keyOf: (item) => cardOf(item).id,
    render(item) {
      const card = cardOf(item);
      return detailedUserRow(
        card,
        detail(item),
        button(label, () => remove(card.id), { class: "plain" }),
      );
    },
    empty,
  });

  async function remove(userId) {
    try {
      await undo(userId);
      list.remove(userId);
    } catch (error) {
      toastError(error);
    }
  }

  list.load();
  return list.element;
}

function mutedWhat({ posts, notifications, expires_at: end }) {
  const what = posts && notifications ? t("mutes.both") : posts ? t("mutes.posts") : t("mutes.notifications");
  return element(
    "span",
    { class: "secondary" },
    end ? t("mutes.until", { what, date: formatDate(end) }) : what,
  );
}
