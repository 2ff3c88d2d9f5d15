// The days of a month as a calendar shows them, and the events of each day. Days are "2026-05-31", in the time zone of the
// user.

const DAY_MS = 24 * 3_600_000;
const DEFAULT_FIRST_DAY = 1;

// The first day of the week: 1 for Monday to 7 for Sunday.
export function firstDayOfWeek(locale) {
  const found = new Intl.Locale(locale);
  return (found.getWeekInfo?.() ?? found.weekInfo)?.firstDay ?? DEFAULT_FIRST_DAY;
}

// The weeks of a month, each with seven days; those at its ends may have days of other months. `month`: 0 to 11.
export function weeksOf(year, month, firstDay) {
  const before = (new Date(year, month, 1).getDay() - (firstDay % 7) + 7) % 7;
  const count = Math.ceil((before + new Date(year, month + 1, 0).getDate()) / 7);
  return Array.from({ length: count }, (_, week) =>
    Array.from({ length: 7 }, (_, day) => keyOf(new Date(year, month, 1 - before + week * 7 + day))),
  );
}

export function keyOf(date) {
  const parts = [date.getFullYear(), date.getMonth() + 1, date.getDate()];
  return parts.map((part) => String(part).padStart(2, "0")).join("-");
}

export function dateOf(key) {
  const [year, month, day] = key.split("-").map(Number);
  return new Date(year, month - 1, day);
}

// The day that is `days` after another one.
export function dayAfter(key, days) {
  const date = dateOf(key);
  return keyOf(new Date(date.getFullYear(), date.getMonth(), date.getDate() + days));
}

// The events of each day, by key. One that lasts several days is among those of each; midnight ends the day before.
export function eventsByDay(events, days) {
  const byDay = new Map(days.map((key) => [key, []]));
  for (const event of events) {
    const start = new Date(event.start_datetime);
    const last = keyOf(new Date(Math.max(start, new Date(event.end_datetime) - 1)));
    const spanned = (new Date(event.end_datetime) - start) / DAY_MS + 2;
    let key = keyOf(start);
    if (key < days[0]) [key] = days;
    for (let day = 0; day <= spanned && key <= last && byDay.has(key); day += 1) {
      byDay.get(key).push(event);
      key = dayAfter(key, 1);
    }
  }
  return byDay;
}
