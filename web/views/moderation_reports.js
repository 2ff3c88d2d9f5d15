// The reports of users, for moderators: what was reported as it was then, what is around it, and what to do.

import { ACTION_LABELS, actionDialog } from "../components/action_dialog.js";
import { Dialog } from "../components/dialog.js";
import { button, element, errorText, setChildren, skeleton } from "../components/dom.js";
import { Field, Form } from "../components/form.js";
import { kindLabel } from "../components/kind_label.js";
import { moderationPage } from "../components/moderation_page.js";
import { PagedList } from "../components/paged_list.js";
import { relativeTime } from "../components/time_format.js";
import { t, tParts } from "../i18n.js";

const EXCERPT_LENGTH = 200;

export function moderationReportsView(session) {
  const content = element("div", {});
  const resolved = element("input", { type: "checkbox", onchange: load });

  function load() {
    const state = resolved.checked ? "resolved" : "open";
    const list = new PagedList({
      read: (cursor) => session.api.get("/v1/admin/reports", { cursor, state }),
      render: reportRow,
      empty: resolved.checked ? t("moderation.no_resolved") : t("moderation.no_open"),
    });
    setChildren(content, list.element);
    list.load();
  }

  load();
  const filter = element("label", { class: "check" }, resolved, t("moderation.resolved"));
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
    const reporter = report.reporter ? `@${report.reporter.username}` : t("people.a_deleted_user");
    setChildren(
      content,
      element(
        "p",
        {},
        tParts("moderation.reported_by", {
          kind: kindLabel(report.kind),
          reporter,
          time: relativeTime(report.created_at),
        }),
      ),
      element("p", { class: "content", dir: "auto" }, t("moderation.reason", { reason: report.reason })),
      element("h2", {}, t("moderation.what")),
      snapshot ? snapshotPanel(snapshot) : element("p", { class: "secondary" }, t("moderation.no_copy")),
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
        actionDialog(session, { type, kind, id: target, reportId: report.id }, load),
      );
    const found = [];
    if (report.is_hidden === false) found.push(act("hide", report.kind, report.target_id));
    if (report.is_hidden === true) found.push(act("restore", report.kind, report.target_id));
    const author = report.snapshot?.author_id;
    if (author)
      for (const type of ["warn", "silence", "suspend", "ban"]) found.push(act(type, "user", author));
    if (report.resolved_at === null)
      found.push(
        button(t("moderation.resolve"), () => resolveDialog(session, path, load), { class: "primary" }),
      );
    return found;
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
  return onContent ? ACTION_LABELS[type] : t("moderation.on_author", { action: ACTION_LABELS[type] });
}
