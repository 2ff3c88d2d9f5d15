// Times on the wall clock of IANA time zones, for inputs and for times of events elsewhere.

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const formats = new Map();

export function localZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return zone && isZone(zone) ? zone : "UTC";
}

// The names of all zones, with those in `more`.
export function zoneNames(...more) {
  const names = Intl.supportedValuesOf?.("timeZone") ?? [];
  return [...new Set(["UTC", ...more, ...names])].sort();
}

// The value of a `datetime-local` input: "2045-10-17T18:30".
export function toWallClock(timestamp, zone) {
  const instant = new Date(timestamp).getTime();
  return new Date(instant + offsetMs(instant, zone)).toISOString().slice(0, 16);
}

// The instant of a wall clock in milliseconds. Of two equal times it is the first; a time that does not exist is
// moved by the length of the gap, as the server does.
export function fromWallClock(value, zone) {
  const asUtc = wallClockMs(value);
  const candidates = [asUtc - DAY, asUtc + DAY].map((near) => asUtc - offsetMs(near, zone));
  const exact = candidates.find((instant) => instant + offsetMs(instant, zone) === asUtc);
  return exact ?? candidates[0];
}

// The wall clock as if it were of UTC, to compute with.
export function wallClockMs(value) {
  return Date.parse(`${value.slice(0, 16)}Z`);
}

export function addToWallClock(value, ms) {
  return new Date(wallClockMs(value) + ms).toISOString().slice(0, 16);
}

// Whether clocks in both zones show the same at that time.
export function isSameClock(timestamp, one, other) {
  const instant = new Date(timestamp).getTime();
  return offsetMs(instant, one) === offsetMs(instant, other);
}

function isZone(zone) {
  try {
    formatOf(zone);
    return true;
  } catch {
    return false;
  }
}

function offsetMs(instant, zone) {
  const parts = Object.fromEntries(
    formatOf(zone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const { year, month, day, hour, minute } = parts;
  const wallClock = Date.UTC(year, month - 1, day, hour, minute);
  return wallClock - Math.floor(instant / MINUTE) * MINUTE;
}

function formatOf(zone) {
  if (!formats.has(zone)) {
    const format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      calendar: "gregory",
      numberingSystem: "latn",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
    });
    formats.set(zone, format);
  }
  return formats.get(zone);
}
