// The requests to follow the user, whose account is private. Hidden while there are none.

import { button, element } from "../components/dom.js";
import { PagedList } from "../components/paged_list.js";
import { relativeTime } from "../components/time_format.js";
import { toastError } from "../components/toast.js";
import { detailedUserRow } from "../components/user_row.js";
import { t } from "../i18n.js";
import { ignoreMissing } from "../network/errors.js";

export function followRequests(session, scope) {
  const list = new PagedList({
    className: "list",
    read: (cursor) => session.api.get("/v1/follow-requests", { cursor }),
    keyOf: (request) => request.user.id,
    render: ({ user, created_at: createdAt }) =>
      detailedUserRow(
        user,
        relativeTime(createdAt),
        button(t("common.accept"), () => answer(user.id, "put"), { class: "primary" }),
        button(t("common.decline"), () => answer(user.id, "delete"), { class: "plain" }),
      ),
    empty: t("common.no_requests"),
  });
  const section = element(
    "section",
    { class: "panel", hidden: true },
    element("h2", {}, t("people.follow_requests")),
    list.element,
  );

  async function answer(userId, method) {
    try {
      // One that was withdrawn meanwhile is gone too.
      await session.api[method](`/v1/follow-requests/${encodeURIComponent(userId)}`).catch(ignoreMissing);
      list.remove(userId);
      section.hidden = list.size === 0;
    } catch (error) {
      toastError(error);
    }
  }

  async function load() {
    const loaded = await list.load();
    section.hidden = loaded && list.size === 0;
  }

  const isRequest = ({ type }) => type === "FOLLOW_REQUEST";
  scope.keep(session.notifications.created.on((notification) => isRequest(notification) && load()));
  scope.keep(session.notifications.withdrawn.on(load));
  load();
  return section;
}
