// What a conversation is beside its messages: its name, who is in it, and one's own choice to be left in
// peace. Admins change the group; everybody may leave it.

import { agreed, Dialog } from "../parts/dialog.js";
import { button, element, fill } from "../parts/dom.js";
import { Field, Form } from "../parts/form.js";
import { Pages } from "../parts/pages.js";
import { personRow } from "../parts/person.js";
import { Picker } from "../parts/picker.js";
import { roomName } from "../parts/room_name.js";
import { failed, toast } from "../parts/toast.js";

export function roomDetails(session, room) {
  const path = `/v1/conversations/${encodeURIComponent(room.id)}`;
  const group = room.info.type === "GROUP";
  const admin = group && room.info.admins.includes(session.user.id);
  const people = group ? members(session, room, path, admin) : null;
  const dialog = new Dialog(
    roomName(room, session),
    muting(session, room, path),
    admin && naming(session, room, path),
    people?.element,
    admin && adding(session, path, people),
    group && button("Leave this group", leave, { class: "danger" }),
  ).open();

  async function leave() {
    if (
      !(await agreed(
        "Leave this group?",
        "You will not see its messages any more, unless somebody adds you again.",
        "Leave",
      ))
    )
      return;
    try {
      await session.api.delete(`${path}/participants/${session.user.id}`);
      dialog.close();
      location.hash = "#/messages";
    } catch (error) {
      failed(error);
    }
  }
}

function muting(session, room, path) {
  const box = element("input", { type: "checkbox", checked: room.info.muted });
  box.addEventListener("change", async () => {
    box.disabled = true;
    try {
      session.conversations.add(await session.api.patch(path, { muted: box.checked }));
    } catch (error) {
      box.checked = !box.checked;
      failed(error);
    }
    box.disabled = false;
  });
  return element("label", { class: "check" }, box, "Mute: do not count what is unread here");
}

function naming(session, room, path) {
  const form = new Form(
    [new Field("name", "Name of the group", { value: room.info.name, maxlength: 100, required: true })],
    {
      submit: "Rename",
      send: async ({ name }) => {
        session.conversations.add(await session.api.patch(path, { name: name.trim() }));
        toast("Renamed.");
      },
    },
  );
  return form.element;
}

function members(session, room, path, admin) {
  const place = element("div", {});

  function begin() {
    const pages = new Pages({
      read: (cursor) => session.api.get(`${path}/participants`, { limit: 50, cursor }),
      render: row,
      className: "list",
    });
    fill(place, element("h3", {}, `${room.info.member_count} members`), pages.element);
    pages.begin();
  }

  function row(card) {
    const isAdmin = room.info.admins.includes(card.id);
    const others = admin && !session.isMe(card.id);
    return personRow(
      card,
      isAdmin && element("span", { class: "tag" }, "admin"),
      others &&
        !isAdmin &&
        button(
          "Make admin",
          () => act(() => session.api.patch(path, { admins: [...room.info.admins, card.id] })),
          { class: "link" },
        ),
      others &&
        button("Remove", () => act(() => session.api.delete(`${path}/participants/${card.id}`)), {
          class: "link",
        }),
    );
  }

  async function act(request) {
    try {
      await request();
      session.conversations.add(await session.api.get(path));
    } catch (error) {
      failed(error);
    }
    begin();
  }

  begin();
  return { element: place, begin, act };
}

function adding(session, path, people) {
  const opened = element("details", {}, element("summary", {}, "Add people"));
  opened.addEventListener("toggle", () => {
    if (!opened.open || opened.children.length > 1) return;
    const picker = new Picker(session, { label: "Whom?" });
    const add = button(
      "Add",
      async () => {
        const ids = picker.chosen.map((card) => card.id);
        await people.act(() => Promise.all(ids.map((id) => session.api.put(`${path}/participants/${id}`))));
        opened.open = false;
        opened.lastChild.remove();
      },
      { class: "primary" },
    );
    opened.append(element("div", {}, picker.element, element("div", { class: "row end" }, add)));
  });
  return opened;
}
