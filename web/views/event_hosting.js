// What the hosts of an event can do: co-hosts, announcements, cancellation, and the list of attendees.

import { confirmDialog, Dialog } from "../components/dialog.js";
import { button, element, emptyState, setChildren, visuallyHidden } from "../components/dom.js";
import { downloadText } from "../components/download.js";
import { Field, Form } from "../components/form.js";
import { toast, toastError } from "../components/toast.js";
import { UserPicker } from "../components/user_picker.js";
import { userRow } from "../components/user_row.js";
import { IdempotencyKey } from "../network/idempotency_key.js";
import { nameOf } from "../state/user_cards.js";
import { SCOPES } from "./event_form.js";

const MAX_ANNOUNCEMENT_LENGTH = 1000;
const MAX_REASON_LENGTH = 500;

export function isHost(session, event) {
  return event.hosts.some((host) => session.isMe(host.id));
}

// `onChanged()` reloads the event.
export function hostingButtons(session, event, path, onChanged) {
  const isCreator = session.isMe(event.creator.id);
  const isCancelled = event.cancelled_at !== null;
  return [
    element("a", { href: `#/event/${event.id}/edit`, class: "button plain" }, "Edit"),
    button("Announce", () => announceDialog(session, path), { class: "plain" }),
    button("Attendance list", () => exportAttendance(session, event, path), { class: "plain" }),
    isCreator && !isCancelled && button("Co-hosts", () => hostsDialog(session, event, path, onChanged), { class: "plain" }),
    !isCreator && button("Leave hosts", () => leaveHosts(session, path, onChanged), { class: "plain" }),
    !isCancelled && button("Cancel event", () => cancelDialog(session, path, onChanged), { class: "plain" }),
    isCreator && button("Delete", () => remove(session, event, path), { class: "plain" }),
  ];
}

function announceDialog(session, path) {
  const key = new IdempotencyKey();
  const content = new Field("content", "Announcement", {
    kind: "textarea",
    rows: 4,
    maxlength: MAX_ANNOUNCEMENT_LENGTH,
    required: true,
    hint: "Everyone who responded is notified, and the event's conversation shows it.",
  });
  const form = new Form([content], {
    submit: "Announce",
    send: async (body) => {
      await session.api.post(`${path}/announcements`, body, key.keyFor(body));
      dialog.close();
      toast("Announced");
    },
  });
  const dialog = new Dialog("Announce", form.element).open();
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
      userRow(card, button(["Remove", visuallyHidden(` ${nameOf(card)}`)], () => removeHost(card), { class: "plain" })),
    );
    setChildren(list, cohosts.length > 0 ? rows : emptyState("No co-hosts yet"));
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
      for (const card of picker.selected) await session.api.put(`${path}/hosts/${encodeURIComponent(card.id)}`);
      dialog.close();
    } catch (error) {
      toastError(error);
    }
    await onChanged();
  }

  show();
  const dialog = new Dialog(
    "Co-hosts",
    element("p", { class: "secondary" }, "Co-hosts can do what you can, except delete the event and choose hosts."),
    list,
    picker.element,
    element("div", { class: "row end" }, button("Add", addHosts, { class: "primary" })),
  ).open();
}

async function leaveHosts(session, path, onChanged) {
  if (!(await confirmDialog("Leave the hosts?", "Your response to the event stays.", "Leave"))) return;
  try {
    await session.api.delete(`${path}/hosts/${encodeURIComponent(session.user.id)}`);
    await onChanged();
  } catch (error) {
    toastError(error);
  }
}

function cancelDialog(session, path, onChanged) {
  const reason = new Field("reason", "Reason", { kind: "textarea", rows: 3, maxlength: MAX_REASON_LENGTH });
  const text = "Everyone who responded or was invited is notified. Responses stay. This can't be undone.";
  const form = new Form([element("p", {}, text), reason], {
    submit: "Cancel event",
    destructive: true,
    send: async (values) => {
      await session.api.post(`${path}/cancellation`, { reason: values.reason.trim() || null });
      dialog.close();
      await onChanged();
    },
  });
  const dialog = new Dialog("Cancel this event?", form.element).open();
}

async function remove(session, event, path) {
  const text = "Everyone who responded or was invited is notified. Its members keep the conversation.";
  if (event.series) {
    removeFromSeries(session, path, text);
    return;
  }
  if (!(await confirmDialog("Cancel and delete this event?", text, "Delete"))) return;
  try {
    await session.api.delete(path);
    location.hash = "#/events";
  } catch (error) {
    toastError(error);
  }
}

function removeFromSeries(session, path, text) {
  const scope = new Field("scope", "Delete", { kind: "select", required: true });
  scope.input.append(...SCOPES.map(([value, label]) => element("option", { value }, label)));
  scope.value = "one";
  const form = new Form([element("p", {}, text), scope], {
    submit: "Delete",
    destructive: true,
    send: async (values) => {
      await session.api.delete(`${path}?scope=${values.scope}`);
      dialog.close();
      location.hash = "#/events";
    },
  });
  const dialog = new Dialog("Cancel and delete?", form.element).open();
}
