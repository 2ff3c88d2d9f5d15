// Calendar files of the server, read by another implementation of iCalendar.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import ICAL from "ical.js";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const PYTHON = process.env.CONVENE_PYTHON ?? `${ROOT}/.venv/bin/python`;
const FILES = JSON.parse(
  execFileSync(PYTHON, ["-m", "tests.actors.events.calendar_files"], { cwd: ROOT, encoding: "utf-8" }),
);

// Parses a file and registers its time zones, so that times are those of the file itself.
function read(name) {
  ICAL.TimezoneService.reset();
  const calendar = new ICAL.Component(ICAL.parse(FILES[name]));
  for (const zone of calendar.getAllSubcomponents("vtimezone")) ICAL.TimezoneService.register(zone);
  return calendar;
}

function entries(name) {
  return read(name)
    .getAllSubcomponents("vevent")
    .map((one) => new ICAL.Event(one));
}

const utc = (time) => time.toJSDate().toISOString();

test("folded lines of Unicode text are read as they were", () => {
  const [event] = entries("folded");
  assert.equal(event.summary, "\u{1f600}\u2603, caf\u00e9; C:\\New ".repeat(8).trimEnd() + " ");
  assert.equal(event.location, "Jardin, \u82b1, 57 Rue Cuvier");
  assert.deepEqual(event.component.getFirstPropertyValue("geo"), [48.844, 2.3595]);
  assert.equal(event.component.getFirstPropertyValue("url"), "https://example.org/?a=1,2;3");
  assert.equal(utc(event.startDate), "2090-05-01T18:00:00.000Z");
  assert.equal(event.startDate.zone.tzid, "America/New_York");
});

test("a moved event has the same UID and a higher SEQUENCE", () => {
  const [before] = entries("before");
  const [after] = entries("moved");
  assert.equal(after.uid, before.uid);
  assert.ok(after.sequence > before.sequence);
  assert.equal(utc(after.startDate), "2090-05-02T18:00:00.000Z");
});

test("a cancelled event stays with its status", () => {
  const [before] = entries("before");
  const [after] = entries("cancelled");
  assert.equal(after.uid, before.uid);
  assert.ok(after.sequence > before.sequence);
  assert.equal(before.component.getFirstPropertyValue("status"), "CONFIRMED");
  assert.equal(after.component.getFirstPropertyValue("status"), "CANCELLED");
});

test("a series keeps its local time when clocks change", () => {
  const [series] = entries("series");
  assert.deepEqual(occurrences(series), [
    "2045-10-17T16:30:00.000Z",
    "2045-10-24T16:30:00.000Z",
    "2045-10-31T17:30:00.000Z",
    "2045-11-07T17:30:00.000Z",
  ]);
});

test("a moved event of a series replaces its time, a deleted one has none", () => {
  const [series, ...exceptions] = entries("exception");
  for (const one of exceptions) series.relateException(one);
  assert.deepEqual(occurrences(series), [
    "2045-10-17T16:30:00.000Z",
    "2045-10-25T16:30:00.000Z",
    "2045-11-07T17:30:00.000Z",
  ]);
});

test("a calendar to subscribe to has all its events", () => {
  assert.equal(entries("calendar").length, 2);
  assert.equal(read("calendar").getFirstPropertyValue("x-wr-calname"), "Convene");
});

function occurrences(series) {
  const times = [];
  const iterator = series.iterator();
  for (let next = iterator.next(); next; next = iterator.next())
    times.push(utc(series.getOccurrenceDetails(next).startDate));
  return times;
}
