// The reports of users, for moderators: what was reported as it was then, what is around it, and what to do.

import { MODERATION_LABELS, moderationDialog } from "../components/moderation_dialog.js";
import { Dialog } from "../components/dialog.js";
import { button, element, errorText, setChildren, skeleton } from "../components/dom.js";
import { Field, Form } from "../components/form.js";
import { kindLabel } from "../components/kind_label.js";
import { moderationPage } from "../components/moderation_page.js";
import { PagedList } from "../components/paged_list.js";
import { relativeTime } from "../components/time_format.js";
import { toastError } from "../components/toast.js";
import { t, tParts } from "../i18n.js";

const EXCERPT_LENGTH = 200;

export function moderationReportsView(session) {
  const content = element("div", {});
  const filters = {
    open: [t("moderation.open"), { state: "open" }],
    unassigned: [t("moderation.unassigned"), { unassigned: true }],
    mine: [t("moderation.mine"), { state: "open", assigned_to: session.user.id }],
    resolved: [t("moderation.resolved"), { state: "resolved" }],
  };
  const chosen = element(
    "select",
    { onchange: load },
    Object.entries(filters).map(([value, [label]]) => element("option", { value }, label)),
  );

  function load() {
    const [, query] = filters[chosen.value];
    const list = new PagedList({
      read: (cursor) => session.api.get("/v1/admin/reports", { cursor, ...query }),
      render: reportRow,
      empty: chosen.value === "resolved" ? t("moderation.no_resolved") : t("moderation.no_open"),
    });
    setChildren(content, list.element);
    list.load();
  }

  load();
  const filter = element("label", { class: "row" }, t("moderation.show"), chosen);
  return moderationPage(session, t("moderation.reports"), filter, content);
}

function reportRow(report) {
  const text = report.snapshot?.content ?? "";
  const excerpt = text.length > EXCERPT_LENGTH ? `${text.slice(0, EXCERPT_LENGTH)}…` : text;
  return element(
    "a",
    { href: `#/moderation/report/${report.id}`, class: "notification" },
    element(
      "span",
      { class: "grow" },
      element("strong", {}, kindLabel(report.kind)),
      report.snapshot && ` ${t("moderation.action_by", { username: report.snapshot.author_name })}`,
      element("span", { class: "secondary" }, " · ", relativeTime(report.created_at)),
      report.assigned_to && element("span", { class: "secondary" }, ` · @${report.assigned_to.username}`),
      element("span", { class: "content", dir: "auto" }, "\n", excerpt),
      element(
        "span",
        { class: "secondary", dir: "auto" },
        "\n",
        t("moderation.reason", { reason: report.reason }),
      ),
    ),
  );
}

export function moderationReportView(session, id) {
  const path = `/v1/admin/reports/${encodeURIComponent(id)}`;
  const content = element("div", { class: "stack" }, skeleton());

  async function load() {
    try {
      show(await session.api.get(path));
    } catch (error) {
      const retry = button(t("common.try_again"), load, { class: "plain" });
      setChildren(content, errorText(error.message), error.status !== 404 && retry);
    }
  }

  function show(report) {
    const { snapshot } = report;
    const reporter = report.reporter ? `@${report.reporter.username}` : t("moderation.unnamed_reporter");
    setChildren(
      content,
      element(
        "p",
        {},
        tParts("moderation.reported_by", {
          kind: kindLabel(report.kind),
          reporter,
          time: relativeTime(report.created_at, { ago: true }),
        }),
      ),
      element("p", { class: "content", dir: "auto" }, t("moderation.reason", { reason: report.reason })),
      element("h2", {}, t("moderation.what")),
      snapshot ? snapshotPanel(snapshot) : element("p", { class: "secondary" }, t("moderation.no_copy")),
      report.assigned_to &&
        element("p", {}, t("moderation.assigned_to", { username: report.assigned_to.username })),
      report.is_hidden === true && element("p", { class: "notice" }, t("moderation.is_hidden")),
      report.resolution !== null &&
        element(
          "p",
          { class: "notice", dir: "auto" },
          t("moderation.resolved_with", { note: report.resolution }),
        ),
      element("div", { class: "row wrap" }, actions(report)),
    );
  }

  function actions(report) {
    const act = (type, kind, target) =>
      button(labelOf(type, kind === report.kind), () =>
        moderationDialog(session, { type, kind, id: target, reportId: report.id }, load),
      );
    const found = [];
    if (report.is_hidden === false) found.push(act("hide", report.kind, report.target_id));
    if (report.is_hidden === true) found.push(act("restore", report.kind, report.target_id));
    const author = report.snapshot?.author_id;
    if (author)
      for (const type of ["warn", "silence", "suspend", "ban"]) found.push(act(type, "user", author));
    if (report.resolved_at !== null) return found;
    const isMine = report.assigned_to?.id === session.user.id;
    found.push(
      isMine
        ? button(t("moderation.unassign"), () => assign(null))
        : button(t("moderation.assign_to_me"), () => assign(session.user.id)),
      button(t("moderation.resolve"), () => resolveDialog(session, path, load), { class: "primary" }),
    );
    return found;
  }

  async function assign(userId) {
    try {
      await session.api.put(`${path}/assignee`, { user_id: userId });
      await load();
    } catch (error) {
      toastError(error);
    }
  }

  load();
  return moderationPage(session, t("moderation.report"), content);
}

function snapshotPanel(snapshot) {
  const entry = { ...snapshot, id: null };
  const around = [...snapshot.context, entry].sort((one, other) =>
    one.created_at < other.created_at ? -1 : one.created_at > other.created_at ? 1 : 0,
  );
  return element(
    "div",
    { class: "list boxed" },
    around.map((one) =>
      element(
        "div",
        { class: one.id === null ? "report-entry reported" : "report-entry" },
        element(
          "p",
          { class: "secondary" },
          `@${one.author_name} · `,
          relativeTime(one.created_at),
          one.id === null && ` · ${t("moderation.reported")}`,
        ),
        element("p", { class: "content", dir: "auto" }, one.content || t("moderation.empty")),
      ),
    ),
  );
}

function resolveDialog(session, path, onDone) {
  const note = new Field("resolution", t("moderation.note"), {
    kind: "textarea",
    rows: 3,
    maxlength: 500,
    required: true,
    hint: t("moderation.note_hint"),
  });
  const form = new Form([note], {
    submit: t("moderation.resolve"),
    send: async ({ resolution }) => {
      await session.api.put(`${path}/resolution`, { resolution: resolution.trim() });
      dialog.close();
      onDone();
    },
  });
  const dialog = new Dialog(t("moderation.resolve_title"), form.element).open();
}

function labelOf(type, onContent) {
  return onContent ? MODERATION_LABELS[type] : t("moderation.on_author", { action: MODERATION_LABELS[type] });
}
