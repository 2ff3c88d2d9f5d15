// Asks what of a user to hide, and for how long. `onMuted` is called after the user was muted.

import { nameOf } from "../state/user_cards.js";
import { Dialog } from "./dialog.js";
import { element } from "./dom.js";
import { Form, selectField } from "./form.js";
import { toast } from "./toast.js";

const SCOPES = {
  both: ["Posts and notifications", { posts: true, notifications: true }],
  posts: ["Posts in my feed", { posts: true, notifications: false }],
  notifications: ["Notifications", { posts: false, notifications: true }],
};

const DAY_MS = 24 * 3600 * 1000;
const DURATIONS = {
  always: ["Until I unmute them", null],
  day: ["For a day", DAY_MS],
  week: ["For a week", 7 * DAY_MS],
  month: ["For 30 days", 30 * DAY_MS],
};

export function muteDialog(session, user, onMuted) {
  const scope = selectField("scope", "Hide", SCOPES);
  const duration = selectField("duration", "How long", DURATIONS);
  const form = new Form([scope, duration], {
    submit: "Mute",
    send: async (values) => {
      const [, durationMs] = DURATIONS[values.duration];
      const end = durationMs === null ? null : new Date(Date.now() + durationMs).toISOString();
      await session.relationships.mute(user.id, { ...SCOPES[values.scope][1], expires_at: end });
      dialog.close();
      onMuted();
      toast(`${nameOf(user)} is muted. You can unmute them in Settings.`);
    },
  });
  const text = element("p", {}, "They won't notice. You can still see their profile and message each other.");
  const dialog = new Dialog(`Mute ${nameOf(user)}?`, text, form.element).open();
}
