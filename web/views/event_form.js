// Creates or edits an event, or events of a series. Times are entered in the time zone of the event.

import { button, element, errorText, setChildren, skeleton } from "../components/dom.js";
import { categoryLabel } from "../components/event_card.js";
import { CATEGORIES, SCOPES } from "../components/event_choices.js";
import { Field, fieldError, Form } from "../components/form.js";
import { t } from "../i18n.js";
import { IdempotencyKey } from "../network/idempotency_key.js";
import { REPETITIONS } from "../state/recurrence.js";
import { addToWallClock, fromWallClock, localZone, toWallClock, wallClockMs, zoneNames } from "../state/time_zones.js";

const HOUR = 3_600_000;
const SERIES_EVENTS = 10;

export function newEventView(session) {
  const start = new Date(Math.ceil((Date.now() + HOUR) / HOUR) * HOUR);
  const idempotencyKey = new IdempotencyKey();
  const form = eventForm(
    {
      category: "SOCIAL",
      capacity: 20,
      start_datetime: start.toISOString(),
      end_datetime: new Date(start.getTime() + 2 * HOUR).toISOString(),
      timezone: localZone(),
      place: null,
      visibility: "public",
    },
    t("event_form.create"),
    async ({ event: body, rrule, count }) => {
      const sent = rrule ? { ...body, rrule, count } : body;
      const event = await session.api.post("/v1/events", sent, idempotencyKey.keyFor(sent));
      location.replace(`#/event/${event.id}`);
    },
  );
  return view(t("event_form.new"), form.element);
}

export function editEventView(session, id) {
  const path = `/v1/events/${encodeURIComponent(id)}`;
  const content = element("div", {}, skeleton());

  async function load() {
    try {
      const event = await session.api.get(path);
      const form = eventForm(event, t("common.save"), async ({ event: body, scope }) => {
        const query = scope && scope !== "one" ? `?scope=${scope}` : "";
        await session.api.patch(path + query, changesOf(event, body));
        location.replace(`#/event/${id}`);
      });
      setChildren(content, form.element);
    } catch (error) {
      const missing = error.status === 404;
      const retry = button(t("common.try_again"), load, { class: "plain" });
      setChildren(content, errorText(missing ? t("events.not_found") : error.message), !missing && retry);
    }
  }

  load();
  return view(t("event_form.edit"), content);
}

// Only what was changed: other events of a series keep the rest.
function changesOf(event, body) {
  const changed = Object.entries(body).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(event[name] ?? null),
  );
  return Object.fromEntries(changed);
}

function view(title, content) {
  return {
    title,
    element: element(
      "section",
      { class: "column" },
      element("h1", { tabindex: "-1" }, title),
      element("div", { class: "panel" }, content),
    ),
  };
}

function selectField(name, label, options, value, more = {}) {
  const field = new Field(name, label, { kind: "select", required: true, ...more });
  field.input.append(...options.map(([one, text]) => element("option", { value: one }, text)));
  field.value = value;
  return field;
}

function checkbox(label, checked) {
  const input = element("input", { type: "checkbox" });
  input.checked = checked;
  return { input, element: element("label", { class: "check" }, input, label) };
}

// `send({event, scope, rrule, count})`: the fields of the event as the API has them; `scope` of an event of a series,
// `rrule` and `count` of a new event.
function eventForm(event, submit, send) {
  const isNew = event.id === undefined;
  const categories = CATEGORIES.includes(event.category) ? CATEGORIES : [event.category, ...CATEGORIES];
  const approval = checkbox(t("event_form.approval"), event.approval ?? false);
  const invited = checkbox(t("event_form.invited"), event.visibility === "invited");
  const { place } = event;
  const start = new Field("start_datetime", t("event_form.starts"), {
    type: "datetime-local",
    value: toWallClock(event.start_datetime, event.timezone),
    required: true,
  });
  const end = new Field("end_datetime", t("event_form.ends"), {
    type: "datetime-local",
    value: toWallClock(event.end_datetime, event.timezone),
    required: true,
  });
  keepDuration(start, end);
  const fields = [
    event.series && selectField("scope", t("event_form.change"), SCOPES, "one"),
    new Field("title", t("event_form.title"), { value: event.title, required: true, maxlength: 200 }),
    new Field("description", t("event_form.description"), {
      kind: "textarea",
      rows: 4,
      value: event.description,
      maxlength: 5000,
    }),
    selectField(
      "category",
      t("event_form.category"),
      categories.map((one) => [one, categoryLabel(one)]),
      event.category,
    ),
    start,
    end,
    selectField(
      "timezone",
      t("event_form.time_zone"),
      zoneNames(event.timezone, localZone()).map((zone) => [zone, zone.replace(/_/g, " ")]),
      event.timezone,
      { hint: t("event_form.time_zone_hint") },
    ),
    ...(isNew ? repetitionFields() : []),
    new Field("place.name", t("event_form.place"), { value: place?.name, maxlength: 200 }),
    new Field("place.address", t("event_form.address"), { value: place?.address, maxlength: 500 }),
    new Field("coordinates", t("event_form.coordinates"), {
      value: typeof place?.latitude === "number" ? `${place.latitude}, ${place.longitude}` : "",
      inputmode: "text",
      hint: t("event_form.coordinates_hint"),
    }),
    new Field("url", t("event_form.link"), { type: "url", value: event.url, maxlength: 500 }),
    new Field("capacity", t("event_form.capacity"), {
      type: "number",
      min: 1,
      max: 100000,
      step: 1,
      value: event.capacity,
      required: true,
    }),
    invited.element,
    approval.element,
  ];
  return new Form(fields.filter(Boolean), {
    submit,
    send: (values) =>
      send({
        event: {
          title: values.title.trim(),
          description: values.description.trim() || null,
          category: values.category,
          ...timesOf(values, event),
          timezone: values.timezone,
          place: placeOf(values),
          url: values.url.trim() || null,
          capacity: Number(values.capacity),
          visibility: invited.input.checked ? "invited" : "public",
          approval: approval.input.checked,
        },
        scope: values.scope,
        rrule: values.rrule,
        count: Number(values.count),
      }),
  });
}

function repetitionFields() {
  const repeats = selectField("rrule", t("event_form.repeats"), REPETITIONS, "");
  repeats.required = false;
  const count = new Field("count", t("event_form.count"), {
    type: "number",
    min: 1,
    max: 100,
    step: 1,
    value: SERIES_EVENTS,
    required: true,
  });
  const show = () => (count.element.hidden = repeats.value === "");
  repeats.input.addEventListener("change", show);
  show();
  return [repeats, count];
}

// A new start moves the end by as much.
function keepDuration(start, end) {
  let before = start.value;
  start.input.addEventListener("change", () => {
    if (!start.value) return;
    if (before && end.value) end.value = addToWallClock(end.value, wallClockMs(start.value) - wallClockMs(before));
    before = start.value;
  });
}

function timesOf({ start_datetime: start, end_datetime: end, timezone }, event) {
  if (end <= start) throw fieldError("end_datetime", t("event_form.ends_before_start"));
  return {
    start_datetime: timeOf(start, timezone, event.start_datetime),
    end_datetime: timeOf(end, timezone, event.end_datetime),
  };
}

// The input has no seconds: a time that was not changed stays exactly the same.
function timeOf(wallClock, zone, original) {
  if (toWallClock(original, zone) === wallClock) return original;
  return new Date(fromWallClock(wallClock, zone)).toISOString();
}

function placeOf(values) {
  const name = values["place.name"].trim();
  const address = values["place.address"].trim() || null;
  const coordinates = values.coordinates.trim();
  if (!name) {
    if (address || coordinates) throw fieldError("place.name", t("event_form.place_needs_name"));
    return null;
  }
  if (!coordinates) return { name, address, latitude: null, longitude: null };
  const match = /^(-?\d+(?:\.\d+)?)[\s,;]+(-?\d+(?:\.\d+)?)$/.exec(coordinates);
  const [latitude, longitude] = match ? [Number(match[1]), Number(match[2])] : [NaN, NaN];
  if (!(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180))
    throw fieldError("coordinates", t("event_form.coordinates_invalid"));
  return { name, address, latitude, longitude };
}
