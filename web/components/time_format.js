// Formats timestamps in the user's language and time zone. Relative times are refreshed every minute.

import { currentLocale, t } from "../i18n.js";
import { element } from "./dom.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const clock = new Intl.DateTimeFormat(currentLocale(), { hour: "2-digit", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat(currentLocale(), { weekday: "long", day: "numeric", month: "long" });
const shortDay = new Intl.DateTimeFormat(currentLocale(), { day: "numeric", month: "short" });
const fullDay = new Intl.DateTimeFormat(currentLocale(), { day: "numeric", month: "short", year: "numeric" });
const dateAndTime = new Intl.DateTimeFormat(currentLocale(), { dateStyle: "full", timeStyle: "short" });
const monthName = new Intl.DateTimeFormat(currentLocale(), { month: "short" });

// `ago`: as a part of a sentence, "5 min ago" instead of "5 min".
export function relativeTime(timestamp, { ago = false } = {}) {
  const title = dateAndTime.format(new Date(timestamp));
  const attributes = { datetime: timestamp, title, "data-relative": ago ? "ago" : true };
  return element("time", attributes, formatElapsed(timestamp, ago));
}

export function clockTime(timestamp) {
  const then = new Date(timestamp);
  return element("time", { datetime: timestamp, title: dateAndTime.format(then) }, clock.format(then));
}

export function dayLabel(timestamp) {
  const then = new Date(timestamp);
  const days = Math.round((startOfDay(new Date()) - startOfDay(then)) / DAY);
  if (days === 0) return t("time.today");
  if (days === 1) return t("time.yesterday");
  return then.getFullYear() === new Date().getFullYear() ? weekday.format(then) : fullDay.format(then);
}

export function isSameDay(one, other) {
  return startOfDay(new Date(one)) === startOfDay(new Date(other));
}

export function formatDate(timestamp) {
  return fullDay.format(new Date(timestamp));
}

// Leaves out what the start and the end have in common. In the user's time zone, unless `zone` is given.
export function formatRange(start, end, zone) {
  const format = zone
    ? new Intl.DateTimeFormat(currentLocale(), { dateStyle: "full", timeStyle: "short", timeZone: zone })
    : dateAndTime;
  return format.formatRange(new Date(start), new Date(end));
}

export function formatClock(timestamp) {
  return clock.format(new Date(timestamp));
}

export function monthAndDay(timestamp) {
  return [monthName.format(new Date(timestamp)), String(new Date(timestamp).getDate())];
}

export function refreshRelativeTimes() {
  setInterval(() => {
    for (const time of document.querySelectorAll("time[data-relative]"))
      time.textContent = formatElapsed(time.dateTime, time.dataset.relative === "ago");
  }, MINUTE);
}

function formatElapsed(timestamp, ago) {
  const then = new Date(timestamp);
  const ms = Date.now() - then;
  const [minutes, hours] = [{ count: Math.floor(ms / MINUTE) }, { count: Math.floor(ms / HOUR) }];
  if (ms < MINUTE) return ago ? t("time.just_now") : t("time.now");
  if (ms < HOUR) return ago ? t("time.minutes_ago", minutes) : t("time.minutes", minutes);
  if (ms < DAY) return ago ? t("time.hours_ago", hours) : t("time.hours", hours);
  return then.getFullYear() === new Date().getFullYear() ? shortDay.format(then) : fullDay.format(then);
}

function startOfDay(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}
