// What the hosts of an event can do: co-hosts, announcements, cancellation, and the list of attendees.

import { confirmDialog, Dialog } from "../components/dialog.js";
import { button, element, emptyState, oneAtATime, setChildren, visuallyHidden } from "../components/dom.js";
import { downloadText } from "../components/download.js";
import { isOpen } from "../components/event_card.js";
import { SCOPES } from "../components/event_choices.js";
import { Field, Form } from "../components/form.js";
import { toast, toastError } from "../components/toast.js";
import { UserPicker } from "../components/user_picker.js";
import { userRow } from "../components/user_row.js";
import { t } from "../i18n.js";
import { IdempotencyKey } from "../network/idempotency_key.js";
import { nameOf } from "../state/user_cards.js";

const MAX_ANNOUNCEMENT_LENGTH = 1000;
const MAX_REASON_LENGTH = 500;

export function isHost(session, event) {
  return event.hosts.some((host) => session.isMe(host.id));
}

// `onChanged()` reloads the event.
export function hostingSection(session, event, path, onChanged) {
  return element(
    "section",
    { class: "host-tools" },
    element("h2", {}, t("hosting.title")),
    element("div", { class: "row wrap" }, hostingButtons(session, event, path, onChanged)),
  );
}

function hostingButtons(session, event, path, onChanged) {
  const isCreator = session.isMe(event.creator.id);
  const isCancelled = event.cancelled_at !== null;
  const removal =
    isCreator && button(t("common.delete"), () => remove(session, event, path), { class: "danger" });
  // The server does nothing else with an event that moderators have hidden.
  if (event.hidden_at !== null) return removal;
  return [
    element("a", { href: `#/event/${event.id}/edit`, class: "button plain" }, t("common.edit")),
    button(t("hosting.announce"), () => announceDialog(session, event, path), { class: "plain" }),
    button(t("hosting.attendance"), () => exportAttendance(session, event, path), { class: "plain" }),
    isCreator &&
      !isCancelled &&
      button(t("hosting.cohosts"), () => hostsDialog(session, event, path, onChanged), { class: "plain" }),
    !isCreator && button(t("hosting.leave"), () => leaveHosts(session, path, onChanged), { class: "plain" }),
    isOpen(event) &&
      button(t("hosting.cancel"), () => cancelDialog(session, event, path, onChanged), { class: "danger" }),
    removal,
  ];
}

function announceDialog(session, event, path) {
  const key = new IdempotencyKey();
  const draftKey = `announcement:${event.id}`;
  const content = new Field("content", t("hosting.announcement"), {
    kind: "textarea",
    rows: 4,
    maxlength: MAX_ANNOUNCEMENT_LENGTH,
    required: true,
    hint: t("hosting.announcement_hint"),
    value: session.drafts.get(draftKey),
  });
  content.input.addEventListener("input", () => session.drafts.set(draftKey, content.value));
  const form = new Form([content], {
    submit: t("hosting.announce"),
    send: async (body) => {
      await session.api.post(`${path}/announcements`, body, key.keyFor(body));
      session.drafts.set(draftKey, "");
      dialog.close();
      toast(t("hosting.announced"));
    },
  });
  const dialog = new Dialog(t("hosting.announce"), form.element).open();
}

async function exportAttendance(session, event, path) {
  try {
    downloadText(await session.api.text(`${path}/attendance.csv`), event.title, "csv", "text/csv");
  } catch (error) {
    toastError(error);
  }
}

function hostsDialog(session, event, path, onChanged) {
  const list = element("div", {});
  const picker = new UserPicker(session);
  let cohosts = event.hosts.slice(1);

  function show() {
    const rows = cohosts.map((card) =>
      userRow(
        card,
        button([t("common.remove"), visuallyHidden(` ${nameOf(card)}`)], () => removeHost(card), {
          class: "plain",
        }),
      ),
    );
    setChildren(list, cohosts.length > 0 ? rows : emptyState(t("hosting.no_cohosts")));
  }

  async function removeHost(card) {
    try {
      await session.api.delete(`${path}/hosts/${encodeURIComponent(card.id)}`);
      cohosts = cohosts.filter((one) => one.id !== card.id);
      show();
      await onChanged();
    } catch (error) {
      toastError(error);
    }
  }

  async function addHosts() {
    try {
      for (const card of picker.selected)
        await session.api.put(`${path}/hosts/${encodeURIComponent(card.id)}`);
      dialog.close();
    } catch (error) {
      toastError(error);
    }
    await onChanged().catch(toastError);
  }

  show();
  const dialog = new Dialog(
    t("hosting.cohosts"),
    element("p", { class: "secondary" }, t("hosting.cohosts_hint")),
    list,
    picker.element,
    element("div", { class: "row end" }, picker.submitButton(t("common.add"), oneAtATime(addHosts))),
  ).open();
}

async function leaveHosts(session, path, onChanged) {
  if (!(await confirmDialog(t("hosting.leave_title"), t("hosting.leave_hint"), t("messages.leave")))) return;
  try {
    await session.api.delete(`${path}/hosts/${encodeURIComponent(session.user.id)}`);
    await onChanged();
  } catch (error) {
    toastError(error);
  }
}

function cancelDialog(session, event, path, onChanged) {
  const reason = new Field("reason", t("common.reason"), {
    kind: "textarea",
    rows: 3,
    maxlength: MAX_REASON_LENGTH,
  });
  const text = t("hosting.cancel_hint");
  const others = event.series && element("p", {}, t("hosting.others_stay"));
  const form = new Form([element("p", {}, text), others, reason].filter(Boolean), {
    submit: t("hosting.cancel"),
    destructive: true,
    send: async (values) => {
      await session.api.post(`${path}/cancellation`, { reason: values.reason.trim() || null });
      dialog.close();
      await onChanged();
    },
  });
  const dialog = new Dialog(t("hosting.cancel_title"), form.element).open();
}

async function remove(session, event, path) {
  const text = t("hosting.delete_hint");
  if (event.series) {
    removeFromSeries(session, path, text);
    return;
  }
  if (!(await confirmDialog(t("hosting.delete_title"), text, t("common.delete")))) return;
  try {
    await session.api.delete(path);
    location.replace("#/events");
  } catch (error) {
    toastError(error);
  }
}

function removeFromSeries(session, path, text) {
  const scope = new Field("scope", t("common.delete"), { kind: "select", required: true });
  scope.input.append(...SCOPES.map(([value, label]) => element("option", { value }, label)));
  scope.value = "one";
  const form = new Form([element("p", {}, text), scope], {
    submit: t("common.delete"),
    destructive: true,
    send: async (values) => {
      await session.api.delete(`${path}?scope=${values.scope}`);
      dialog.close();
      location.replace("#/events");
    },
  });
  const dialog = new Dialog(t("hosting.delete_series_title"), form.element).open();
}
