// People as moderators see them: those with a restriction or a role, or found by their username.

import { MODERATION_LABELS, moderationDialog } from "../components/moderation_dialog.js";
import { untilText } from "../components/moderation_action_row.js";
import { Dialog } from "../components/dialog.js";
import { button, element, setChildren } from "../components/dom.js";
import { Field, Form, selectField } from "../components/form.js";
import { moderationPage } from "../components/moderation_page.js";
import { PagedList } from "../components/paged_list.js";
import { toastError } from "../components/toast.js";
import { userRow } from "../components/user_row.js";
import { t } from "../i18n.js";

const ROLES = {
  none: t("moderation.role_none"),
  moderator: t("moderation.role_moderator"),
  admin: t("messages.admin"),
};

export function moderationPeopleView(session) {
  const found = element("div", { class: "list boxed", hidden: true });
  const content = element("div", {});
  const withRole = element("input", { type: "checkbox", onchange: load });
  const search = new Form(
    [new Field("username", t("account.username"), { required: true, maxlength: 50, autocapitalize: "none" })],
    {
      submit: t("moderation.find"),
      send: async ({ username }) => {
        const name = encodeURIComponent(username.trim().replace(/^@/, ""));
        showFound(await session.api.get(`/v1/admin/users/by-username/${name}`));
      },
    },
  );

  function showFound(user) {
    found.hidden = false;
    setChildren(
      found,
      personRow(session, user, () => reload(user.id)),
    );
  }

  async function reload(id) {
    try {
      showFound(await session.api.get(`/v1/admin/users/${encodeURIComponent(id)}`));
    } catch (error) {
      toastError(error);
    }
    load();
  }

  function load() {
    const query = withRole.checked ? { with_role: true } : {};
    const list = new PagedList({
      read: async (cursor) => {
        // Rows depend on the role of the user.
        await session.loadProfile();
        return session.api.get("/v1/admin/users", { cursor, ...query });
      },
      render: (user) => personRow(session, user, load),
      empty: withRole.checked ? t("moderation.no_roles") : t("moderation.no_restricted"),
    });
    setChildren(content, list.element);
    list.load();
  }

  load();
  return moderationPage(
    session,
    t("people.title"),
    search.element,
    found,
    element("label", { class: "check" }, withRole, t("moderation.with_role")),
    content,
  );
}

function personRow(session, user, onDone) {
  const act = (type) =>
    button(MODERATION_LABELS[type], () => moderationDialog(session, { type, kind: "user", id: user.id }, onDone));
  const states = [
    user.role && ROLES[user.role],
    user.silenced_until && t("moderation.silenced", { until: untilText(user.silenced_until) }),
    user.suspended_until && t("moderation.suspended", { until: untilText(user.suspended_until) }),
    user.banned_at && t("moderation.banned"),
  ].filter(Boolean);
  return element(
    "div",
    { class: "report-entry" },
    userRow(user),
    states.length > 0 && element("p", {}, states.join(" · ")),
    element(
      "div",
      { class: "row wrap" },
      act("warn"),
      act(user.silenced_until ? "unsilence" : "silence"),
      act(user.suspended_until ? "unsuspend" : "suspend"),
      act(user.banned_at ? "unban" : "ban"),
      session.user.role === "admin" && button(t("moderation.role"), () => roleDialog(session, user, onDone)),
    ),
  );
}

function roleDialog(session, user, onDone) {
  const role = selectField("role", t("moderation.role"), ROLES);
  role.value = user.role ?? "none";
  const reason = new Field("reason", t("common.reason"), {
    kind: "textarea",
    rows: 2,
    maxlength: 500,
    required: true,
  });
  const form = new Form([role, reason], {
    submit: t("common.save"),
    send: async (values) => {
      const body = { role: values.role === "none" ? null : values.role, reason: values.reason.trim() };
      await session.api.put(`/v1/admin/users/${encodeURIComponent(user.id)}/role`, body);
      dialog.close();
      onDone();
    },
  });
  const dialog = new Dialog(t("moderation.role_of", { username: user.username }), form.element).open();
}
