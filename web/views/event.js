// One event: description, RSVP, attendees and a composer for posts about it. `event.updated` pushes update the
// counts; the user's own RSVP comes from requests only.

import { avatar } from "../components/avatar.js";
import { composer } from "../components/composer.js";
import { Dialog } from "../components/dialog.js";
import {
  button,
  element,
  errorText,
  keepFocus,
  oneAtATime,
  setChildren,
  skeleton,
} from "../components/dom.js";
import {
  categoryLabel,
  dateBlock,
  goingTag,
  hasEnded,
  isOpen,
  visibilityTag,
} from "../components/event_card.js";
import { faces } from "../components/faces.js";
import { hiddenNotice } from "../components/hidden_notice.js";
import { icon } from "../components/icons.js";
import { linkify } from "../components/linkify.js";
import { toast, toastError } from "../components/toast.js";
import { UserPicker } from "../components/user_picker.js";
import { userLink } from "../components/user_row.js";
import { t } from "../i18n.js";
import { newId } from "../network/idempotency_key.js";
import { Scope } from "../state/signal.js";
import { calendarDialog } from "./calendar_dialog.js";
import { hostingSection, isHost } from "./event_hosting.js";
import { eventPlace, eventTimes } from "./event_place.js";
import { rsvpControls } from "./rsvp_controls.js";
import { rsvpList } from "./rsvp_list.js";
import { rsvpRequests } from "./rsvp_requests.js";

const MAX_POST_LENGTH = 280;
const FACES = 8;

export function eventView(session, id) {
  const scope = new Scope();
  const path = `/v1/events/${encodeURIComponent(id)}`;
  const heading = element("h1", { tabindex: "-1" }, t("events.event"));
  const head = element("div", { class: "stack" }, heading, skeleton());
  const rsvp = element("div", {});
  const panel = element("div", { class: "panel" }, head, rsvp);
  const going = goingFaces(session, path, () => rest.querySelector("#rsvps")?.scrollIntoView());
  const invite = inviteButton(session, path);
  const rest = element("div", { class: "stack" });
  let event = null;
  let attendees = null;
  let requests = null;
  let shownRsvp = "";
  let readings = 0;

  async function load() {
    try {
      event = await session.api.get(path);
    } catch (error) {
      showProblem(error);
      return;
    }
    show();
    attendees = rsvpList(session, event, reload);
    const takesRequests = event.approval && isOpen(event) && isHost(session, event);
    requests = takesRequests ? rsvpRequests(session, event, reload) : null;
    setChildren(
      rest,
      invite,
      requests?.element,
      attendees.element,
      postComposer(session, event),
    );
  }

  function showProblem(error) {
    if (error.status === 404) {
      event = null;
      attendees = null;
      requests = null;
      setChildren(head, heading, errorText(t("events.not_found")));
      setChildren(rsvp);
      shownRsvp = "";
      setChildren(rest);
      return;
    }
    if (event !== null) throw error;
    setChildren(
      head,
      heading,
      errorText(error.message),
      button(t("common.try_again"), load, { class: "plain" }),
    );
  }

  function show() {
    keepFocus(panel, () => {
      setChildren(head, hiddenNotice(event), description(session, event, path, reload, going.element));
      showRsvp();
    });
    going.update(event);
    invite.hidden = !canInvite(session, event);
  }

  // Only if it changed: a refusal, with the way to the waitlist, stays while others respond.
  function showRsvp() {
    const { my_rsvp: status, my_waitlist_position: position, my_guests: guests, hidden_at: hiddenAt } = event;
    const key = JSON.stringify([status, position, guests, event.cancelled_at, hiddenAt, hasEnded(event)]);
    if (key === shownRsvp) return;
    shownRsvp = key;
    setChildren(rsvp, hiddenAt === null && rsvpControls(session, event, reload));
  }

  async function reload() {
    const reading = (readings += 1);
    let read;
    try {
      read = await session.api.get(path);
    } catch (error) {
      showProblem(error);
      return;
    }
    // A later answer is newer.
    if (reading !== readings) return;
    event = read;
    show();
    attendees?.load();
    requests?.load();
  }

  scope.keep(
    session.dispatcher.eventChanged.on((update) => {
      if (event === null || update.id !== event.id) return;
      const { my_rsvp, my_waitlist_position, my_guests, reminders } = event;
      event = { ...update, my_rsvp, my_waitlist_position, my_guests, reminders };
      show();
    }),
  );
  // A notification about this event may mean that the user moved up from the waitlist, or that the event was
  // cancelled.
  scope.keep(
    session.notifications.created.on((one) => one.reference_id === id && reload().catch(toastError)),
  );
  scope.keep(
    session.dispatcher.connected.on(({ resumes }) => resumes && event !== null && reload().catch(() => null)),
  );
  // Responses of others are not pushed. A view that was left is kept, and not read again.
  scope.listen(document, "visibilitychange", () => {
    const isShown = document.visibilityState === "visible" && head.isConnected;
    if (isShown && event !== null) reload().catch(() => null);
  });
  load();
  return {
    title: t("events.event"),
    element: element("section", { class: "column" }, panel, rest),
    close: () => scope.close(),
  };
}

// `going`: who goes, as faces.
function description(session, event, path, reload, going) {
  const hosting = isHost(session, event);
  const inConversation = event.my_rsvp === "GOING" || hosting;
  return [
    element(
      "div",
      { class: "row event-header" },
      dateBlock(event.start_datetime),
      element(
        "div",
        { class: "grow" },
        element("h1", { tabindex: "-1", dir: "auto" }, event.title),
        eventTimes(event),
      ),
    ),
    eventPlace(event),
    event.cancelled_at !== null &&
      element(
        "p",
        { class: "notice", role: "status", dir: "auto" },
        event.cancel_reason
          ? t("events.cancelled_because", { reason: event.cancel_reason })
          : t("events.was_cancelled"),
      ),
    element(
      "p",
      { class: "row wrap" },
      element("span", { class: "host-label" }, t("events.hosted_by")),
      event.hosts.map((host) =>
        element(
          "span",
          { class: "row" },
          avatar(host, { size: "small", dot: false }),
          userLink(host, "name"),
        ),
      ),
    ),
    event.description && element("p", { class: "content", dir: "auto" }, linkify(event.description)),
    element(
      "p",
      { class: "row wrap tags" },
      element("span", { class: "tag" }, categoryLabel(event.category)),
      goingTag(event),
      element("span", { class: "tag" }, t("events.interested_count", { count: event.interested_count })),
      visibilityTag(event),
      event.approval && element("span", { class: "tag" }, t("events.approval")),
    ),
    going,
    element(
      "div",
      { class: "row wrap" },
      inConversation &&
        element(
          "a",
          { href: `#/messages/${event.conversation_id}`, class: "button plain" },
          icon("message"),
          t("messages.conversation"),
        ),
      isOpen(event) &&
        button([icon("event"), t("calendar.title")], () => calendarDialog(session, event, path), {
          class: "plain",
        }),
    ),
    hosting && hostingSection(session, event, path, reload),
  ];
}

// Who goes, read again when their number changed. `onMore` shows the list of all.
function goingFaces(session, path, onMore) {
  const content = element("div", {});
  let shownCount = null;

  async function update({ going_count: count }) {
    if (count === shownCount) return;
    shownCount = count;
    try {
      const { items } = await session.api.get(`${path}/rsvps`, { status: "GOING", limit: FACES });
      if (count !== shownCount) return;
      const more = button(t("events.see_who_goes"), onMore, { class: "link" });
      const cards = items.map((rsvp) => rsvp.user);
      setChildren(content, cards.length > 0 && faces(t("rsvp.going"), cards, more));
    } catch {
      // The list below shows the error.
      shownCount = null;
    }
  }

  return { element: content, update };
}

// Where only invited users see an event, its hosts invite.
function canInvite(session, event) {
  return isOpen(event) && (event.visibility === "public" || isHost(session, event));
}

function inviteButton(session, path) {
  function open() {
    const picker = new UserPicker(session);
    const invite = picker.submitButton(t("events.invite"), oneAtATime(send));
    const dialog = new Dialog(
      t("events.invite_people"),
      picker.element,
      element("div", { class: "row end" }, invite),
    ).open();
    picker.focus();

    async function send() {
      const ids = picker.selected.map((card) => card.id);
      try {
        await session.api.post(`${path}/invites`, { user_ids: ids }, newId());
        dialog.close();
        toast(t("events.invitations_sent", { count: ids.length }));
      } catch (error) {
        toastError(error);
      }
    }
  }
  return element("p", {}, button([icon("people"), t("events.invite_people")], open, { class: "plain" }));
}

function postComposer(session, event) {
  const write = composer(session, {
    label: t("events.post_about"),
    maxLength: MAX_POST_LENGTH,
    submit: t("posts.submit"),
    draftKey: `event:${event.id}`,
    send: async (body, key) => {
      await session.api.post("/v1/posts", { ...body, event_id: event.id }, key);
      toast(t("events.posted"));
    },
  });
  return element("div", { class: "panel" }, write.element);
}
