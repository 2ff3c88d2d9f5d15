// How the user is notified of each type of notification, and the quiet hours.

import { button, element, errorText, setChildren, skeleton } from "../components/dom.js";
import { Field, Form } from "../components/form.js";
import { toast } from "../components/toast.js";

const CHANNELS = { push: "In the app", mail: "In the app and by email", nothing: "Not at all" };

// Types without a label are shown by their name.
const TYPES = {
  FOLLOW: "New followers",
  FOLLOW_REQUEST: "Follow requests",
  LIKE: "Likes",
  COMMENT: "Comments",
  MENTION: "Mentions",
  REPOST: "Reposts",
  EVENT_INVITE: "Invitations to events",
  EVENT_UPDATE: "Changes of events",
  EVENT_REMINDER: "Reminders of events",
  MODERATION: "Decisions of moderators",
  EXPORT_READY: "Your data export is ready",
};

export function notificationSettings(session) {
  const content = element("div", {}, skeleton());
  const path = "/v1/users/me/notification-preferences";

  async function load() {
    try {
      setChildren(content, preferencesForm(session, path, await session.api.get(path)));
    } catch (error) {
      setChildren(content, errorText(error.message), button("Try again", load, { class: "plain" }));
    }
  }

  load();
  return content;
}

function preferencesForm(session, path, preferences) {
  const fields = Object.entries(preferences.channels).map(([type, channel]) => {
    const field = new Field(type, TYPES[type] ?? type, { kind: "select", required: true });
    field.input.append(...Object.entries(CHANNELS).map(([value, label]) => element("option", { value }, label)));
    field.value = channel;
    return field;
  });
  const quiet = preferences.quiet_hours;
  const from = new Field("quiet_from", "Quiet from", { type: "time", value: quiet?.from.slice(0, 5) });
  const to = new Field("quiet_to", "Quiet until", { type: "time", value: quiet?.to.slice(0, 5) });
  const zone = new Field("quiet_timezone", "Time zone of the quiet hours", {
    kind: "select",
    required: true,
    hint: "In quiet hours there are no alerts, and emails wait for their end.",
  });
  const local = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const zones = new Set([quiet?.timezone ?? local, local, ...Intl.supportedValuesOf("timeZone")]);
  zone.input.append(...[...zones].sort().map((name) => element("option", { value: name }, name)));
  zone.value = quiet?.timezone ?? local;
  const form = new Form([...fields, from, to, zone], {
    submit: "Save",
    send: async (values) => {
      const channels = Object.fromEntries(fields.map(({ name }) => [name, values[name]]));
      const { quiet_from: start, quiet_to: end, quiet_timezone: timezone } = values;
      if (!start !== !end) throw new Error("Enter both times of the quiet hours, or none.");
      const quietHours = start ? { from: start, to: end, timezone } : null;
      await session.api.put(path, { channels, quiet_hours: quietHours });
      toast("Saved");
    },
  });
  return form.element;
}
