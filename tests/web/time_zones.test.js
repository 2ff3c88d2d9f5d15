// Wall clocks of time zones: the same times as the server's.

import assert from "node:assert/strict";
import test from "node:test";
import { fromWallClock, isSameClock, toWallClock, zoneNames } from "../../web/state/time_zones.js";

const CASES = [
  ["Europe/Paris", "2045-10-17T18:30", "2045-10-17T16:30:00.000Z"],
  ["Europe/Paris", "2045-11-07T18:30", "2045-11-07T17:30:00.000Z"],
  ["America/New_York", "2027-03-14T12:00", "2027-03-14T16:00:00.000Z"],
  ["Asia/Kolkata", "2027-01-01T00:15", "2026-12-31T18:45:00.000Z"],
  ["Australia/Lord_Howe", "2027-06-01T09:00", "2027-05-31T22:30:00.000Z"],
  ["UTC", "2027-06-01T09:00", "2027-06-01T09:00:00.000Z"],
];

for (const [zone, wallClock, instant] of CASES)
  test(`${wallClock} in ${zone} is ${instant}`, () => {
    assert.equal(new Date(fromWallClock(wallClock, zone)).toISOString(), instant);
    assert.equal(toWallClock(instant, zone), wallClock);
  });

test("of a time that the clock shows twice the first is meant", () => {
  const instant = fromWallClock("2045-10-29T02:30", "Europe/Paris");
  assert.equal(new Date(instant).toISOString(), "2045-10-29T00:30:00.000Z");
});

test("a time that does not exist is moved by the length of the gap", () => {
  const instant = fromWallClock("2045-03-26T02:30", "Europe/Paris");
  assert.equal(new Date(instant).toISOString(), "2045-03-26T01:30:00.000Z");
  assert.equal(toWallClock(instant, "Europe/Paris"), "2045-03-26T03:30");
});

test("zones with the same clock are recognised", () => {
  assert.ok(isSameClock("2027-01-01T00:00:00Z", "Europe/Paris", "Europe/Berlin"));
  assert.ok(!isSameClock("2027-01-01T00:00:00Z", "Europe/Paris", "Europe/Lisbon"));
});

test("the list of zones has UTC and what is added", () => {
  const names = zoneNames("Europe/Kyiv");
  assert.ok(names.includes("UTC") && names.includes("Europe/Kyiv") && names.includes("Asia/Tokyo"));
});
