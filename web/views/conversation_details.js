// The details of a conversation: mute, jump to a date, and for groups name, members and leaving. Admins may
// change the group.

import { conversationName } from "../components/conversation_name.js";
import { confirmDialog, Dialog } from "../components/dialog.js";
import { button, element, newElementId, setChildren } from "../components/dom.js";
import { Field, Form } from "../components/form.js";
import { PagedList } from "../components/paged_list.js";
import { toast, toastError } from "../components/toast.js";
import { toastRequested } from "../components/toast_requested.js";
import { UserPicker } from "../components/user_picker.js";
import { userRow } from "../components/user_row.js";
import { t } from "../i18n.js";

// `list`: the message list of the conversation.
export function conversationDetails(session, conversation, list) {
  const path = `/v1/conversations/${encodeURIComponent(conversation.id)}`;
  const isGroup = conversation.info.type === "GROUP";
  const isAdmin = isGroup && conversation.info.admins.includes(session.user.id);
  const members = isGroup ? memberList(session, conversation, path, isAdmin) : null;
  const dialog = new Dialog(
    conversationName(conversation, session),
    muteSwitch(session, conversation, path),
    jumpForm(session, conversation, list, () => dialog.close()),
    isAdmin && nameForm(session, conversation, path),
    members?.element,
    isAdmin && addMembers(session, conversation, path, members),
    isGroup && button(t("messages.leave_group"), leave, { class: "danger" }),
  ).open();

  async function leave() {
    const text = t("messages.leave_hint");
    if (!(await confirmDialog(t("messages.leave_title"), text, t("messages.leave")))) return;
    try {
      await session.api.delete(`${path}/participants/${session.user.id}`);
      dialog.close();
      location.hash = "#/messages";
    } catch (error) {
      toastError(error);
    }
  }
}

function muteSwitch(session, conversation, path) {
  const box = element("input", { type: "checkbox", checked: conversation.info.muted });
  box.addEventListener("change", async () => {
    box.disabled = true;
    try {
      session.conversations.add(await session.api.patch(path, { muted: box.checked }));
    } catch (error) {
      box.checked = !box.checked;
      toastError(error);
    }
    box.disabled = false;
  });
  return element("label", { class: "check" }, box, t("messages.mute"));
}

function jumpForm(session, conversation, list, onDone) {
  const id = newElementId("date");
  const date = element("input", { type: "date", id, max: new Date().toISOString().slice(0, 10) });
  const jump = async (find) => {
    try {
      const seq = await find();
      onDone();
      list.jumpTo(seq);
    } catch (error) {
      toastError(error);
    }
  };
  date.addEventListener("change", () => {
    if (!date.value) return;
    const day = new Date(`${date.value}T00:00`);
    jump(() => conversation.openTimeline().seqBefore(day, conversation.info.last_seq));
  });
  return element(
    "div",
    { class: "row wrap" },
    element("label", { for: id }, t("messages.jump_to_date")),
    element("span", { class: "grow date-field" }, date),
    button(t("messages.first_message"), () => jump(() => 0), { class: "plain" }),
  );
}

function nameForm(session, conversation, path) {
  const { name } = conversation.info;
  const form = new Form(
    [new Field("name", t("messages.group_name"), { value: name, maxlength: 100, required: true })],
    {
      submit: t("messages.rename"),
      send: async (values) => {
        session.conversations.add(await session.api.patch(path, { name: values.name.trim() }));
        toast(t("messages.renamed"));
      },
    },
  );
  return form.element;
}

function memberList(session, conversation, path, isAdmin) {
  const container = element("div", {});

  function load() {
    const list = new PagedList({
      read: (cursor) => session.api.get(`${path}/participants`, { limit: 50, cursor }),
      render: row,
      className: "list",
    });
    const count = conversation.info.member_count;
    setChildren(container, element("h3", {}, t("messages.members", { count })), list.element);
    list.load();
  }

  function row(card) {
    const { admins } = conversation.info;
    const mayChange = isAdmin && !session.isMe(card.id);
    const makeAdmin = () => session.api.patch(path, { admins: [...admins, card.id] });
    const remove = () => session.api.delete(`${path}/participants/${card.id}`);
    return userRow(
      card,
      admins.includes(card.id) && element("span", { class: "tag" }, t("messages.admin")),
      mayChange &&
        !admins.includes(card.id) &&
        button(t("messages.make_admin"), () => change(makeAdmin), { class: "link" }),
      mayChange && button(t("common.remove"), () => change(remove), { class: "link" }),
    );
  }

  async function change(request) {
    try {
      await request();
      session.conversations.add(await session.api.get(path));
    } catch (error) {
      toastError(error);
    }
    load();
  }

  load();
  return { element: container, change };
}

function addMembers(session, conversation, path, members) {
  const details = element("details", {}, element("summary", {}, t("messages.add_people")));
  details.addEventListener("toggle", () => {
    if (!details.open || details.children.length > 1) return;
    const excluded = conversation.info.participants.map((one) => one.id);
    const picker = new UserPicker(session, { label: t("people.search"), excluded });
    const add = async () => {
      const ids = picker.selected.map((card) => card.id);
      await members.change(async () => {
        const answers = await Promise.all(ids.map((id) => session.api.put(`${path}/participants/${id}`)));
        toastRequested(answers.filter((answer) => answer !== null).length);
      });
      details.open = false;
      details.lastChild.remove();
    };
    const addButton = picker.submitButton(t("common.add"), add);
    details.append(element("div", {}, picker.element, element("div", { class: "row end" }, addButton)));
  });
  return details;
}
