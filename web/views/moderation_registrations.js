// Registrations that wait for approval, for moderators; invite codes and blocked names, for admins.

import { button, element, setChildren } from "../components/dom.js";
import { Field, Form } from "../components/form.js";
import { moderationPage } from "../components/moderation_page.js";
import { PagedList } from "../components/paged_list.js";
import { formatDate, relativeTime } from "../components/time_format.js";
import { toastError } from "../components/toast.js";
import { t } from "../i18n.js";
import { ignoreMissing } from "../network/errors.js";
import { newId } from "../network/idempotency_key.js";

export function moderationRegistrationsView(session) {
  const forAdmins = element("div", { class: "stack" });
  // The role is known once the profile is loaded.
  session.loadProfile().then(() => {
    if (session.user.role !== "admin") return;
    setChildren(
      forAdmins,
      section(t("moderation.invite_codes"), ...inviteCodes(session)),
      section(t("moderation.blocked_usernames"), ...blockedNames(session, "username", t("account.username"))),
      section(
        t("moderation.blocked_domains"),
        ...blockedNames(session, "email_domain", t("moderation.domain")),
      ),
    );
  }, toastError);
  const waiting = section(t("moderation.waiting"), waitingList(session));
  return moderationPage(session, t("moderation.registrations"), waiting, forAdmins);
}

function section(title, ...content) {
  return element("section", { class: "panel" }, element("h2", {}, title), ...content);
}

function waitingList(session) {
  const list = new PagedList({
    read: (cursor) => session.api.get("/v1/admin/registrations", { cursor }),
    render: row,
    empty: t("moderation.none_waiting"),
    className: "list",
  });

  function row(registration) {
    const path = `/v1/admin/registrations/${encodeURIComponent(registration.id)}`;
    const decide = (send) => async () => {
      try {
        // Another moderator may have decided.
        await send().catch(ignoreMissing);
        list.remove(registration.id);
      } catch (error) {
        toastError(error);
      }
    };
    return element(
      "div",
      { class: "report-entry" },
      element("p", {}, element("strong", {}, `@${registration.username}`), ` ${registration.email}`),
      registration.display_name && element("p", { dir: "auto" }, registration.display_name),
      element("p", { class: "secondary" }, relativeTime(registration.created_at)),
      element(
        "div",
        { class: "row wrap" },
        button(
          t("moderation.approve"),
          decide(() => session.api.put(`${path}/approval`)),
          { class: "primary" },
        ),
        button(
          t("common.decline"),
          decide(() => session.api.delete(path)),
          { class: "danger" },
        ),
      ),
    );
  }

  list.load();
  return list.element;
}

function inviteCodes(session) {
  const path = "/v1/admin/invite-codes";
  const list = new PagedList({
    read: (cursor) => session.api.get(path, { cursor }),
    render: row,
    empty: t("moderation.no_invite_codes"),
    className: "list",
  });

  function row(code) {
    const remove = () =>
      session.api
        .delete(`${path}/${encodeURIComponent(code.id)}`)
        .catch(ignoreMissing)
        .then(() => list.remove(code.id), toastError);
    return element(
      "div",
      { class: "row wrap report-entry" },
      element("code", { class: "grow" }, code.code),
      element(
        "span",
        { class: "secondary" },
        t("moderation.uses_left", { count: code.uses_left }),
        code.expires_at && ` · ${t("moderation.action_until", { date: formatDate(code.expires_at) })}`,
      ),
      button(t("common.delete"), remove, { class: "plain" }),
    );
  }

  const uses = new Field("uses", t("moderation.uses"), {
    type: "number",
    min: 1,
    max: 10_000,
    value: "1",
    required: true,
  });
  const form = new Form([uses], {
    submit: t("moderation.create_invite_code"),
    send: async (values) => {
      list.append(await session.api.post(path, { uses: Number(values.uses) }, newId()));
    },
  });
  list.load();
  return [form.element, list.element];
}

function blockedNames(session, kind, label) {
  const path = "/v1/admin/blocked-names";
  const content = element("div", {});
  const pathOf = (value) => `${path}/${kind}/${encodeURIComponent(value)}`;

  function load() {
    const list = new PagedList({
      read: (cursor) => session.api.get(path, { cursor, kind }),
      render: row,
      keyOf: (name) => name.value,
      empty: t("moderation.none_blocked"),
      className: "list",
    });
    setChildren(content, list.element);
    list.load();
  }

  function row(name) {
    const remove = () => session.api.delete(pathOf(name.value)).then(load, toastError);
    return element(
      "div",
      { class: "row report-entry" },
      element("span", { class: "grow" }, name.value),
      button(t("moderation.unblock"), remove, { class: "plain" }),
    );
  }

  const form = new Form(
    [new Field("value", label, { required: true, maxlength: 255, autocapitalize: "none" })],
    {
      submit: t("moderation.block"),
      send: async ({ value }) => {
        await session.api.put(pathOf(value.trim()));
        form.clear();
        load();
      },
    },
  );
  load();
  return [form.element, content];
}
