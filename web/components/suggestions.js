// People that the user may want to follow, with the reason. A suggestion can be dismissed.

import { t } from "../i18n.js";
import { element } from "./dom.js";
import { icon } from "./icons.js";
import { PagedList } from "./paged_list.js";
import { toastError } from "./toast.js";
import { detailedUserRow, followButton } from "./user_row.js";
import { nameOf } from "../state/user_cards.js";

// `people`: the suggestions, if they are known already.
export function suggestionList(session, scope, people = null) {
  const list = new PagedList({
    read: async () => {
      const { items } = people === null ? await session.api.get("/v1/suggestions") : { items: people };
      return { items, next_cursor: null };
    },
    render: (person) =>
      detailedUserRow(
        person,
        reasonOf(person),
        followButton(session, person, scope, { following: false, requested: false }),
        dismissButton(person),
      ),
    empty: t("people.no_suggestions"),
  });

  function dismissButton(person) {
    const label = t("people.dont_suggest", { name: nameOf(person) });
    const dismiss = element(
      "button",
      { type: "button", class: "icon-button", "aria-label": label, title: label },
      icon("close"),
    );
    dismiss.addEventListener("click", async () => {
      try {
        await session.api.delete(`/v1/suggestions/${encodeURIComponent(person.id)}`);
        list.remove(person.id);
      } catch (error) {
        toastError(error);
      }
    });
    return dismiss;
  }

  list.load();
  return list.element;
}

function reasonOf({ reason, friend_count: friends }) {
  if (reason === "EVENTS") return t("people.same_events");
  if (reason === "POPULAR") return t("people.popular");
  return t("people.followed_by_friends", { count: friends });
}
