// One event: what it is, one's answer to it, who else answered, and its conversation. While it is shown it
// follows the server's hints; what is one's own in it comes from one's own requests alone.

import { avatar } from "../parts/avatar.js";
import { agreed, Dialog } from "../parts/dialog.js";
import { button, element, fill } from "../parts/dom.js";
import { dateBlock, places } from "../parts/event_card.js";
import { icon } from "../parts/icons.js";
import { span } from "../parts/moments.js";
import { personLink } from "../parts/person.js";
import { Picker } from "../parts/picker.js";
import { failed, toast } from "../parts/toast.js";
import { words } from "../parts/words.js";
import { writing } from "../parts/writing.js";
import { Scope } from "../state/signal.js";
import { newId } from "../wire/idempotency_key.js";
import { answers } from "./event_answers.js";
import { answering } from "./event_answering.js";

export function eventView(session, id) {
  const scope = new Scope();
  const path = `/v1/events/${encodeURIComponent(id)}`;
  const head = element(
    "div",
    { class: "stack" },
    element("h1", { tabindex: "-1" }, "Event"),
    element("p", { class: "quiet" }, "Loading…"),
  );
  const mine = element("div", {});
  const rest = element("div", { class: "stack" });
  let event = null;
  let people = null;

  async function load() {
    try {
      event = await session.api.get(path);
    } catch (error) {
      const gone = error.status === 404;
      const text = gone ? "This event is not there (any more)." : error.message;
      fill(
        head,
        element("h1", { tabindex: "-1" }, "Event"),
        element("p", { class: "trouble", role: "alert" }, text),
        !gone && button("Try again", load, { class: "plain" }),
      );
      return;
    }
    show();
    people = answers(session, event);
    fill(rest, inviting(session, event), people.element, about(session, event));
  }

  // Only what the event is; the lists below stay as they are.
  function show() {
    fill(head, description(session, event, path));
    fill(mine, answering(session, event, changed));
  }

  // One answered: the numbers and the lists are others.
  async function changed() {
    event = await session.api.get(path);
    show();
    people?.begin();
  }

  scope.keep(
    session.dispatcher.eventChanged.on((told) => {
      if (event === null || told.id !== event.id) return;
      event = { ...told, my_rsvp: event.my_rsvp, my_waitlist_position: event.my_waitlist_position };
      show();
    }),
  );
  // Somebody in front left the line, or a place became free: the notification tells it.
  scope.keep(session.notifications.came.on((one) => one.reference_id === id && changed().catch(failed)));
  scope.keep(
    session.dispatcher.connected.on(({ resumes }) => resumes && event !== null && changed().catch(() => null)),
  );
  load();
  return {
    title: "Event",
    element: element("section", { class: "column" }, element("div", { class: "panel" }, head, mine), rest),
    close: () => scope.close(),
  };
}

function description(session, event, path) {
  const going = event.my_rsvp === "GOING" || session.isMe(event.creator.id);
  return [
    element(
      "div",
      { class: "row event-head" },
      dateBlock(event.start_datetime),
      element(
        "div",
        { class: "grow" },
        element("h1", { tabindex: "-1", dir: "auto" }, event.title),
        element("p", { class: "quiet" }, span(event.start_datetime, event.end_datetime)),
      ),
    ),
    element(
      "p",
      { class: "row wrap" },
      avatar(event.creator, { size: "small", dot: false }),
      element("span", {}, "by ", personLink(event.creator)),
    ),
    event.description && element("p", { class: "content", dir: "auto" }, words(event.description)),
    element(
      "p",
      { class: "row wrap tags" },
      element("span", { class: "tag" }, event.category),
      places(event),
      element("span", { class: "tag" }, `${event.interested_count} interested`),
    ),
    element(
      "div",
      { class: "row wrap" },
      going &&
        element(
          "a",
          { href: `#/messages/${event.conversation_id}`, class: "button plain" },
          icon("message"),
          "Conversation",
        ),
      button([icon("event"), "Add to calendar"], () => calendar(session, event, path), { class: "plain" }),
      session.isMe(event.creator.id) && [
        element("a", { href: `#/event/${event.id}/change`, class: "button plain" }, "Change"),
        button("Delete", () => remove(session, path), { class: "plain" }),
      ],
    ),
  ];
}

// The file needs the token, so it is fetched and handed over, not linked to.
async function calendar(session, event, path) {
  try {
    const text = await session.api.text(`${path}/calendar.ics`);
    const address = URL.createObjectURL(new Blob([text], { type: "text/calendar" }));
    const link = element("a", {
      download: `${event.title.replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 60) || "event"}.ics`,
    });
    link.href = address;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  } catch (error) {
    failed(error);
  }
}

async function remove(session, path) {
  if (!(await agreed("Delete this event?", "Its conversation stays with those who are in it.", "Delete")))
    return;
  try {
    await session.api.delete(path);
    location.hash = "#/events";
  } catch (error) {
    failed(error);
  }
}

function inviting(session, event) {
  function open() {
    const picker = new Picker(session, { label: "Whom?" });
    const dialog = new Dialog(
      "Invite people",
      picker.element,
      element("div", { class: "row end" }, button("Invite", send, { class: "primary" })),
    ).open();

    async function send() {
      const ids = picker.chosen.map((card) => card.id);
      if (ids.length === 0) return;
      try {
        await session.api.post(`/v1/events/${event.id}/invites`, { user_ids: ids }, newId());
        dialog.close();
        toast(ids.length === 1 ? "Invited." : `${ids.length} people are invited.`);
      } catch (error) {
        failed(error);
      }
    }
  }
  return element("p", {}, button([icon("people"), "Invite people"], open, { class: "plain" }));
}

function about(session, event) {
  const write = writing({
    label: "Post about this event",
    most: 280,
    submit: "Post",
    send: async (content, key) => {
      await session.api.post("/v1/posts", { content, event_id: event.id }, key);
      toast("Posted. Your followers see it in their feed.");
    },
  });
  return element("div", { class: "panel" }, write.element);
}
