// How the user is notified of each type of notification, and the quiet hours.

import { button, element, errorText, setChildren, skeleton } from "../components/dom.js";
import { Field, Form } from "../components/form.js";
import { toast } from "../components/toast.js";
import { t } from "../i18n.js";
import { TYPE_LABELS } from "../state/notification_types.js";
import { localZone, zoneNames } from "../state/time_zones.js";

const CHANNELS = {
  push: t("notifications.push"),
  mail: t("notifications.mail"),
  nothing: t("notifications.nothing"),
};

export function notificationSettings(session) {
  const content = element("div", {}, skeleton());
  const path = "/v1/users/me/notification-preferences";

  async function load() {
    try {
      setChildren(content, preferencesForm(session, path, await session.api.get(path)));
    } catch (error) {
      setChildren(content, errorText(error.message), button(t("common.try_again"), load, { class: "plain" }));
    }
  }

  load();
  return content;
}

function preferencesForm(session, path, preferences) {
  const fields = Object.entries(preferences.channels).map(([type, channel]) => {
    const field = new Field(type, TYPE_LABELS[type] ?? type, { kind: "select", required: true });
    field.input.append(
      ...Object.entries(CHANNELS).map(([value, label]) => element("option", { value }, label)),
    );
    field.value = channel;
    return field;
  });
  const quiet = preferences.quiet_hours;
  const from = new Field("quiet_from", t("notifications.quiet_from"), {
    type: "time",
    value: quiet?.from.slice(0, 5),
  });
  const to = new Field("quiet_to", t("notifications.quiet_until"), {
    type: "time",
    value: quiet?.to.slice(0, 5),
  });
  const zone = new Field("quiet_timezone", t("notifications.quiet_zone"), {
    kind: "select",
    required: true,
    hint: t("notifications.quiet_hint"),
  });
  const chosen = quiet?.timezone ?? localZone();
  const zones = zoneNames(chosen, localZone());
  const options = zones.map((name) => element("option", { value: name }, name.replace(/_/g, " ")));
  zone.input.append(...options);
  zone.value = chosen;
  const form = new Form([...fields, from, to, zone], {
    submit: t("common.save"),
    send: async (values) => {
      const channels = Object.fromEntries(fields.map(({ name }) => [name, values[name]]));
      const { quiet_from: start, quiet_to: end, quiet_timezone: timezone } = values;
      if (!start !== !end) throw new Error(t("notifications.quiet_both"));
      const quietHours = start ? { from: start, to: end, timezone } : null;
      await session.api.put(path, { channels, quiet_hours: quietHours });
      toast(t("common.saved"));
    },
  });
  return form.element;
}
