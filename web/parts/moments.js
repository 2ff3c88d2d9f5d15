// Moments as people say them. A `<time>` that is shown as "5 min" is kept true while it stands in the page.

import { element } from "./dom.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const shortDay = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const fullDay = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });
const month = new Intl.DateTimeFormat(undefined, { month: "short" });

// Kept true by `keepTrue`.
export function ago(text) {
  return element(
    "time",
    { datetime: text, title: whole.format(new Date(text)), "data-ago": true },
    passed(text),
  );
}

export function clockTime(text) {
  return element(
    "time",
    { datetime: text, title: whole.format(new Date(text)) },
    clock.format(new Date(text)),
  );
}

export function dayOf(text) {
  const then = new Date(text);
  const days = Math.round((midnight(new Date()) - midnight(then)) / DAY);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  return then.getFullYear() === new Date().getFullYear() ? day.format(then) : fullDay.format(then);
}

export function isSameDay(one, other) {
  return midnight(new Date(one)) === midnight(new Date(other));
}

export function date(text) {
  return fullDay.format(new Date(text));
}

// From when to when, said as short as it is clear.
export function span(start, end) {
  return whole.formatRange(new Date(start), new Date(end));
}

export function monthAndDay(text) {
  return [month.format(new Date(text)), String(new Date(text).getDate())];
}

// The value of a `datetime-local` field, which knows no zone: local time.
export function localValue(text) {
  const then = new Date(text);
  return new Date(then.getTime() - then.getTimezoneOffset() * MINUTE).toISOString().slice(0, 16);
}

function passed(text) {
  const then = new Date(text);
  const ms = Date.now() - then;
  if (ms < MINUTE) return "now";
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h`;
  return then.getFullYear() === new Date().getFullYear() ? shortDay.format(then) : fullDay.format(then);
}

function midnight(moment) {
  return new Date(moment.getFullYear(), moment.getMonth(), moment.getDate()).getTime();
}

export function keepTrue() {
  setInterval(() => {
    for (const one of document.querySelectorAll("time[data-ago]")) one.textContent = passed(one.dateTime);
  }, MINUTE);
}
