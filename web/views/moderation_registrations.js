// Registrations that wait for approval, for moderators; invite codes and blocked names, for admins.

import { button, element, setChildren } from "../components/dom.js";
import { Field, Form } from "../components/form.js";
import { moderationPage } from "../components/moderation_page.js";
import { PagedList } from "../components/paged_list.js";
import { formatDate, relativeTime } from "../components/time_format.js";
import { toastError } from "../components/toast.js";
import { newId } from "../network/idempotency_key.js";

export function moderationRegistrationsView(session) {
  const forAdmins = element("div", { class: "stack" });
  // The role is known once the profile is loaded.
  session.loadProfile().then(() => {
    if (session.user.role !== "admin") return;
    setChildren(
      forAdmins,
      section("Invite codes", ...inviteCodes(session)),
      section("Blocked usernames", ...blockedNames(session, "username", "Username")),
      section("Blocked e-mail domains", ...blockedNames(session, "email_domain", "Domain")),
    );
  }, toastError);
  const waiting = section("Waiting for approval", waitingList(session));
  return moderationPage(session, "Registrations", waiting, forAdmins);
}

function section(title, ...content) {
  return element("section", { class: "panel" }, element("h2", {}, title), ...content);
}

function waitingList(session) {
  const list = new PagedList({
    read: (cursor) => session.api.get("/v1/admin/registrations", { cursor }),
    render: row,
    empty: "No registrations wait",
    className: "list",
  });

  function row(registration) {
    const path = `/v1/admin/registrations/${encodeURIComponent(registration.id)}`;
    const decide = (send) => async () => {
      try {
        await send();
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
        button("Approve", decide(() => session.api.put(`${path}/approval`)), { class: "primary" }),
        button("Decline", decide(() => session.api.delete(path)), { class: "danger" }),
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
    empty: "No invite codes",
    className: "list",
  });

  function row(code) {
    const remove = () =>
      session.api.delete(`${path}/${encodeURIComponent(code.id)}`).then(() => list.remove(code.id), toastError);
    return element(
      "div",
      { class: "row wrap report-entry" },
      element("code", { class: "grow" }, code.code),
      element(
        "span",
        { class: "secondary" },
        `${code.uses_left} left`,
        code.expires_at && ` · until ${formatDate(code.expires_at)}`,
      ),
      button("Delete", remove, { class: "plain" }),
    );
  }

  const uses = new Field("uses", "How many may register with it", {
    type: "number",
    min: 1,
    max: 10_000,
    value: "1",
    required: true,
  });
  const form = new Form([uses], {
    submit: "Create invite code",
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
      empty: "None",
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
      button("Unblock", remove, { class: "plain" }),
    );
  }

  const form = new Form([new Field("value", label, { required: true, maxlength: 255, autocapitalize: "none" })], {
    submit: "Block",
    send: async ({ value }) => {
      await session.api.put(pathOf(value.trim()));
      form.clear();
      load();
    },
  });
  load();
  return [form.element, content];
}
