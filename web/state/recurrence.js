// Recurrence rules (RFC 5545) of event series: those that the form offers, and a text for each rule.

import { t } from "../i18n.js";

export const REPETITIONS = [
  ["", t("repeat.never")],
  ["FREQ=DAILY", t("repeat.daily")],
  ["FREQ=WEEKLY", t("repeat.weekly")],
  ["FREQ=WEEKLY;INTERVAL=2", t("repeat.biweekly")],
  ["FREQ=MONTHLY", t("repeat.monthly")],
];
const EVERY = {
  DAILY: (count) => t("repeat.days", { count }),
  WEEKLY: (count) => t("repeat.weeks", { count }),
  MONTHLY: (count) => t("repeat.months", { count }),
  YEARLY: (count) => t("repeat.years", { count }),
};

// "FREQ=WEEKLY;INTERVAL=2;COUNT=6" -> "every 2 weeks, 6 times"
export function describeRule(rrule) {
  const parts = Object.fromEntries(rrule.split(";").map((part) => part.split("=")));
  const every = EVERY[parts.FREQ]?.(Number(parts.INTERVAL ?? 1)) ?? t("repeat.other");
  return parts.COUNT ? `${every}, ${t("repeat.times", { count: Number(parts.COUNT) })}` : every;
}
