// Creates or edits an event. Times are entered in local time and sent in UTC.

import { element, errorText, setChildren, skeleton } from "../components/dom.js";
import { categoryLabel } from "../components/event_card.js";
import { Field, Form } from "../components/form.js";
import { localInputValue } from "../components/time_format.js";
import { IdempotencyKey } from "../network/idempotency_key.js";

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
const HOUR = 3_600_000;

export function newEventView(session) {
  const start = new Date(Math.ceil((Date.now() + HOUR) / HOUR) * HOUR);
  const idempotencyKey = new IdempotencyKey();
  const form = eventForm(
    {
      category: "SOCIAL",
      capacity: 20,
      start_datetime: start.toISOString(),
      end_datetime: new Date(start.getTime() + 2 * HOUR).toISOString(),
    },
    "Create event",
    async (body) => {
      const event = await session.api.post("/v1/events", body, idempotencyKey.keyFor(body));
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
      const form = eventForm(event, "Save", async (body) => {
        await session.api.patch(path, { ...body, description: body.description ?? null });
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

function eventForm(event, submit, send) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const categories = CATEGORIES.includes(event.category) ? CATEGORIES : [event.category, ...CATEGORIES];
  const category = new Field("category", "Category", { kind: "select", required: true });
  category.input.append(...categories.map((one) => element("option", { value: one }, categoryLabel(one))));
  category.value = event.category;
  const approval = element("input", { type: "checkbox" });
  approval.checked = event.approval ?? false;
  return new Form(
    [
      new Field("title", "Title", { value: event.title, required: true, maxlength: 200 }),
      new Field("description", "Description", {
        kind: "textarea",
        rows: 4,
        value: event.description,
        maxlength: 5000,
      }),
      category,
      new Field("start_datetime", "Starts", {
        type: "datetime-local",
        value: localInputValue(event.start_datetime),
        required: true,
        hint: `Time zone: ${zone}`,
      }),
      new Field("end_datetime", "Ends", {
        type: "datetime-local",
        value: localInputValue(event.end_datetime),
        required: true,
      }),
      new Field("capacity", "Capacity", {
        type: "number",
        min: 1,
        max: 100000,
        step: 1,
        value: event.capacity,
        required: true,
      }),
      element("label", { class: "check" }, approval, "Hosts decide who goes"),
    ],
    {
      submit,
      send: (values) =>
        send({
          title: values.title.trim(),
          description: values.description.trim() || undefined,
          category: values.category,
          start_datetime: new Date(values.start_datetime).toISOString(),
          end_datetime: new Date(values.end_datetime).toISOString(),
          capacity: Number(values.capacity),
          approval: approval.checked,
        }),
    },
  );
}
