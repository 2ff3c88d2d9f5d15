// Creates or edits an event, or events of a series. Times are entered in the time zone of the event.

import { element, errorText, setChildren, skeleton } from "../components/dom.js";
import { categoryLabel } from "../components/event_card.js";
import { Field, Form } from "../components/form.js";
import { IdempotencyKey } from "../network/idempotency_key.js";
import { REPETITIONS } from "../state/recurrence.js";
import { fromWallClock, localZone, toWallClock, zoneNames } from "../state/time_zones.js";

export const CATEGORIES = [
  "SOCIAL",
  "MUSIC",
  "SPORT",
  "FOOD",
  "CULTURE",
  "BOOKS",
  "GAMES",
  "OUTDOORS",
  "TECH",
  "LEARNING",
  "OTHER",
];
export const SCOPES = [
  ["one", "Only this event"],
  ["following", "This and later events"],
  ["all", "All events of the series"],
];
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
    "Create event",
    async ({ event: body, rrule, count }) => {
      const sent = rrule ? { ...body, rrule, count } : body;
      const event = await session.api.post("/v1/events", sent, idempotencyKey.keyFor(sent));
      location.replace(`#/event/${event.id}`);
    },
  );
  return view("New event", form.element);
}

export function editEventView(session, id) {
  const path = `/v1/events/${encodeURIComponent(id)}`;
  const content = element("div", {}, skeleton());

  async function load() {
    try {
      const event = await session.api.get(path);
      const form = eventForm(event, "Save", async ({ event: body, scope }) => {
        const query = scope && scope !== "one" ? `?scope=${scope}` : "";
        await session.api.patch(path + query, changesOf(event, body));
        location.replace(`#/event/${id}`);
      });
      setChildren(content, form.element);
    } catch (error) {
      setChildren(content, errorText(error.message));
    }
  }

  load();
  return view("Edit event", content);
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
  const approval = checkbox("Hosts decide who goes", event.approval ?? false);
  const invited = checkbox("Only people who are invited see it", event.visibility === "invited");
  const { place } = event;
  const fields = [
    event.series && selectField("scope", "Change", SCOPES, "one"),
    new Field("title", "Title", { value: event.title, required: true, maxlength: 200 }),
    new Field("description", "Description", {
      kind: "textarea",
      rows: 4,
      value: event.description,
      maxlength: 5000,
    }),
    selectField(
      "category",
      "Category",
      categories.map((one) => [one, categoryLabel(one)]),
      event.category,
    ),
    new Field("start_datetime", "Starts", {
      type: "datetime-local",
      value: toWallClock(event.start_datetime, event.timezone),
      required: true,
    }),
    new Field("end_datetime", "Ends", {
      type: "datetime-local",
      value: toWallClock(event.end_datetime, event.timezone),
      required: true,
    }),
    selectField(
      "timezone",
      "Time zone",
      zoneNames(event.timezone, localZone()).map((zone) => [zone, zone.replace(/_/g, " ")]),
      event.timezone,
      { hint: "Where the event takes place." },
    ),
    ...(isNew ? repetitionFields() : []),
    new Field("place.name", "Place", { value: place?.name, maxlength: 200 }),
    new Field("place.address", "Address", { value: place?.address, maxlength: 500 }),
    new Field("coordinates", "Coordinates", {
      value: typeof place?.latitude === "number" ? `${place.latitude}, ${place.longitude}` : "",
      inputmode: "text",
      hint: "Latitude and longitude, for the map and “near me”: 48.8566, 2.3522",
    }),
    new Field("url", "Link", { type: "url", value: event.url, maxlength: 500 }),
    new Field("capacity", "Capacity", {
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
          start_datetime: timeOf(values.start_datetime, values.timezone, event.start_datetime),
          end_datetime: timeOf(values.end_datetime, values.timezone, event.end_datetime),
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
  const repeats = selectField("rrule", "Repeats", REPETITIONS, "");
  repeats.required = false;
  const count = new Field("count", "Number of events", {
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
    if (address || coordinates) throw fieldError("place.name", "A place needs a name.");
    return null;
  }
  if (!coordinates) return { name, address, latitude: null, longitude: null };
  const match = /^(-?\d+(?:\.\d+)?)[\s,;]+(-?\d+(?:\.\d+)?)$/.exec(coordinates);
  if (!match) throw fieldError("coordinates", "Enter latitude and longitude: 48.8566, 2.3522");
  return { name, address, latitude: Number(match[1]), longitude: Number(match[2]) };
}

function fieldError(field, detail) {
  return Object.assign(new Error(detail), { errors: [{ field, detail }] });
}
