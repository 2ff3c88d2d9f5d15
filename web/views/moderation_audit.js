// The audit log of moderation, for moderators.

import { moderationActionRow } from "../components/moderation_action_row.js";
import { moderationPage } from "../components/moderation_page.js";
import { PagedList } from "../components/paged_list.js";
import { t } from "../i18n.js";

export function moderationAuditView(session) {
  const list = new PagedList({
    read: (cursor) => session.api.get("/v1/admin/audit", { cursor }),
    render: (action) => moderationActionRow(action),
    empty: t("moderation.no_actions"),
  });
  list.load();
  return moderationPage(session, t("moderation.audit"), list.element);
}
