// The details of a conversation: mute, jump to a date, and for groups name, members and leaving. Admins may
// change the group.

import { conversationName } from "../components/conversation_name.js";
import { confirmDialog, Dialog } from "../components/dialog.js";
import { button, element, newElementId, oneAtATime, visuallyHidden } from "../components/dom.js";
import { Field, Form } from "../components/form.js";
import { PagedList } from "../components/paged_list.js";
import { toast, toastError } from "../components/toast.js";
import { toastRequested } from "../components/toast_requested.js";
import { UserPicker } from "../components/user_picker.js";
import { userRow } from "../components/user_row.js";
import { t } from "../i18n.js";
import { nameOf } from "../state/user_cards.js";

// Smaller groups have no search for members.
const SEARCH_FROM = 8;
const SEARCH_DELAY_MS = 250;

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
    isAdmin && nameForm(session, conversation, path, (name) => dialog.setTitle(name)),
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
    try {
      session.conversations.add(await session.api.patch(path, { muted: box.checked }));
    } catch (error) {
      box.checked = conversation.info.muted;
      toastError(error);
    }
  });
  return element("label", { class: "check" }, box, t("messages.mute"));
}

function jumpForm(session, conversation, list, onDone) {
  const id = newElementId("date");
  const date = element("input", { type: "date", id, required: true });
  const jump = oneAtATime(async (find) => {
    try {
      const seq = await find();
      onDone();
      list.jumpTo(seq);
    } catch (error) {
      toastError(error);
    }
  });
  // Not when the date changes: while a year is typed, each digit makes another date.
  const onSubmit = (event) => {
    event.preventDefault();
    const day = new Date(`${date.value}T00:00`);
    jump(() => conversation.openTimeline().seqBefore(day, conversation.info.last_seq));
  };
  return element(
    "form",
    { class: "row wrap", onsubmit: onSubmit },
    element("label", { for: id }, t("messages.jump_to_date")),
    element("span", { class: "grow date-field" }, date),
    element("button", { type: "submit", class: "plain" }, t("messages.jump")),
    button(t("messages.first_message"), () => jump(() => 0), { class: "plain" }),
  );
}

function nameForm(session, conversation, path, onRenamed) {
  const { name } = conversation.info;
  const form = new Form(
    [new Field("name", t("messages.group_name"), { value: name, maxlength: 100, required: true })],
    {
      submit: t("messages.rename"),
      send: async (values) => {
        session.conversations.add(await session.api.patch(path, { name: values.name.trim() }));
        onRenamed(conversationName(conversation, session));
        toast(t("messages.renamed"));
      },
    },
  );
  return form.element;
}

function memberList(session, conversation, path, isAdmin) {
  const heading = element("h3", { tabindex: "-1" });
  let timer = null;
  const search = element("input", {
    type: "search",
    placeholder: t("messages.find_member"),
    "aria-label": t("messages.find_member"),
    oninput: () => {
      clearTimeout(timer);
      timer = setTimeout(() => list.load(), SEARCH_DELAY_MS);
    },
  });
  const list = new PagedList({
    read: (cursor) => session.api.get(`${path}/participants`, { q: search.value.trim(), limit: 50, cursor }),
    render: row,
    className: "list",
    empty: t("people.none_found"),
  });

  function load() {
    const count = conversation.info.member_count;
    heading.textContent = t("messages.members", { count });
    search.hidden = !search.value && count < SEARCH_FROM;
    return list.load();
  }

  function row(card) {
    const { admins } = conversation.info;
    const mayChange = isAdmin && !session.isMe(card.id);
    const memberIsAdmin = admins.includes(card.id);
    const setAdmins = (ids) => change(() => session.api.patch(path, { admins: ids }), card);
    const makeAdmin = () => setAdmins([...admins, card.id]);
    const removeAdmin = () => setAdmins(admins.filter((id) => id !== card.id));
    const named = (label) => [label, visuallyHidden(` ${nameOf(card)}`)];
    return userRow(
      card,
      memberIsAdmin && element("span", { class: "tag" }, t("messages.admin")),
      mayChange &&
        element(
          "span",
          { class: "row end member-actions" },
          memberIsAdmin
            ? button(named(t("messages.remove_admin")), removeAdmin, { class: "link" })
            : button(named(t("messages.make_admin")), makeAdmin, { class: "link" }),
          button(named(t("common.remove")), () => remove(card), { class: "link" }),
        ),
    );
  }

  async function remove(card) {
    const title = t("messages.remove_title", { name: nameOf(card) });
    if (!(await confirmDialog(title, t("messages.remove_hint"), t("common.remove")))) return;
    await change(() => session.api.delete(`${path}/participants/${card.id}`), card);
  }

  // The row of `card` keeps the focus, unless the user is elsewhere by then. Returns whether it was done.
  async function change(request, card = null) {
    let isDone = false;
    try {
      await request();
      isDone = true;
      session.conversations.add(await session.api.get(path));
    } catch (error) {
      toastError(error);
    }
    await load();
    const isLost = document.activeElement === document.body;
    if (card !== null && isLost) (list.find(card.id)?.querySelector("button") ?? heading).focus();
    return isDone;
  }

  load();
  return { element: element("div", { class: "stack" }, heading, search, list.element), change };
}

function addMembers(session, conversation, path, members) {
  const details = element("details", {}, element("summary", {}, t("messages.add_people")));
  details.addEventListener("toggle", () => {
    if (!details.open || details.children.length > 1) return;
    const excluded = conversation.info.participants.map((one) => one.id);
    const picker = new UserPicker(session, { label: t("people.search"), excluded });
    const add = async () => {
      const ids = picker.selected.map((card) => card.id);
      const areAdded = await members.change(async () => {
        const answers = await Promise.all(ids.map((id) => session.api.put(`${path}/participants/${id}`)));
        toastRequested(answers.filter((answer) => answer !== null).length);
      });
      // Else they stay selected: adding a member again changes nothing.
      if (!areAdded) return;
      details.open = false;
      details.lastChild.remove();
      details.firstChild.focus();
    };
    const addButton = picker.submitButton(t("common.add"), oneAtATime(add));
    details.append(element("div", {}, picker.element, element("div", { class: "row end" }, addButton)));
    picker.focus();
  });
  return details;
}
