// The days of a month in a calendar, and the events of each day.

import assert from "node:assert/strict";
import { test } from "node:test";
import { dayAfter, eventsByDay, firstDayOfWeek, weeksOf } from "../../web/state/month.js";

const at = (text) => new Date(text).toISOString();

function event(id, start, end) {
  return { id, start_datetime: at(start), end_datetime: at(end) };
}

test("a month begins on its weekday, and its weeks are whole", () => {
  const weeks = weeksOf(2026, 1, 1);
  assert.deepEqual([weeks.length, weeks[0][0], weeks[0][6], weeks.at(-1)[6]], [5, "2026-01-26", "2026-02-01", "2026-03-01"]);
  assert.equal(weeksOf(2026, 1, 7).length, 4);
  assert.equal(weeksOf(2026, 1, 7)[0][0], "2026-02-01");
  assert.equal(weeksOf(2026, 4, 1).length, 5);
  assert.equal(weeksOf(2026, 7, 7).length, 6);
});

test("every day of every month is in its calendar once", () => {
  for (let year = 2023; year < 2031; year += 1)
    for (let month = 0; month < 12; month += 1)
      for (const firstDay of [1, 6, 7]) {
        const days = weeksOf(year, month, firstDay).flat();
        const count = new Date(year, month + 1, 0).getDate();
        const own = days.filter((key) => Number(key.slice(5, 7)) === month + 1);
        assert.equal(own.length, count);
        assert.equal(new Set(days).size, days.length);
        for (const [index, key] of days.slice(1).entries()) assert.equal(key, dayAfter(days[index], 1));
      }
});

test("an event is on each of its days, and not on one that it ends with", () => {
  const days = weeksOf(2026, 4, 1).flat();
  const events = [
    event("short", "2026-05-10T18:00", "2026-05-10T20:00"),
    event("until midnight", "2026-05-10T18:00", "2026-05-11T00:00"),
    event("long", "2026-05-30T09:00", "2026-06-02T12:00"),
    event("from before", "2026-04-20T09:00", "2026-04-28T12:00"),
    event("over", "2026-04-01T09:00", "2026-04-02T12:00"),
    event("later", "2026-07-01T09:00", "2026-07-02T12:00"),
    event("no length", "2026-05-12T00:00", "2026-05-12T00:00"),
  ];
  const found = Object.fromEntries(
    [...eventsByDay(events, days)].filter(([, one]) => one.length > 0).map(([key, one]) => [key, one.map(({ id }) => id)]),
  );
  assert.deepEqual(found, {
    "2026-04-27": ["from before"],
    "2026-04-28": ["from before"],
    "2026-05-10": ["short", "until midnight"],
    "2026-05-12": ["no length"],
    "2026-05-30": ["long"],
    "2026-05-31": ["long"],
  });
});

test("the week begins as in the language of the user", () => {
  assert.equal(firstDayOfWeek("de-DE"), 1);
  assert.equal(firstDayOfWeek("en-US"), 7);
});
