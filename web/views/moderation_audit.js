// The audit log of moderation, for moderators.

import { actionRow } from "../components/action_row.js";
import { moderationPage } from "../components/moderation_page.js";
import { PagedList } from "../components/paged_list.js";

export function moderationAuditView(session) {
  const list = new PagedList({
    read: (cursor) => session.api.get("/v1/admin/audit", { cursor }),
    render: (action) => actionRow(action),
    empty: "No actions yet",
  });
  list.load();
  return moderationPage(session, "Audit", list.element);
}
