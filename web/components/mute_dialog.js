// Asks what of a user to hide, and for how long. `onMuted` is called after the user was muted.

import { t } from "../i18n.js";
import { nameOf } from "../state/user_cards.js";
import { Dialog } from "./dialog.js";
import { element } from "./dom.js";
import { Form, selectField } from "./form.js";
import { toast } from "./toast.js";

const SCOPES = {
  both: [t("mutes.both"), { posts: true, notifications: true }],
  posts: [t("mutes.posts_in_feed"), { posts: true, notifications: false }],
  notifications: [t("mutes.notifications"), { posts: false, notifications: true }],
};

const DAY_MS = 24 * 3600 * 1000;
const DURATIONS = {
  always: [t("mutes.until_unmuted"), null],
  day: [t("moderation.for_a_day"), DAY_MS],
  week: [t("moderation.for_a_week"), 7 * DAY_MS],
  month: [t("moderation.for_30_days"), 30 * DAY_MS],
};

export function muteDialog(session, user, onMuted) {
  const scope = selectField("scope", t("mutes.hide"), SCOPES);
  const duration = selectField("duration", t("moderation.how_long"), DURATIONS);
  const form = new Form([scope, duration], {
    submit: t("mutes.mute"),
    send: async (values) => {
      const [, durationMs] = DURATIONS[values.duration];
      const end = durationMs === null ? null : new Date(Date.now() + durationMs).toISOString();
      await session.relationships.mute(user.id, { ...SCOPES[values.scope][1], expires_at: end });
      dialog.close();
      onMuted();
      toast(t("mutes.muted", { name: nameOf(user) }));
    },
  });
  const text = element("p", {}, t("mutes.hint"));
  const dialog = new Dialog(t("mutes.title", { name: nameOf(user) }), text, form.element).open();
}
