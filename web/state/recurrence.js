// Recurrence rules (RFC 5545) of event series: those that the form offers, and a text for each rule.

export const REPETITIONS = [
  ["", "Does not repeat"],
  ["FREQ=DAILY", "Every day"],
  ["FREQ=WEEKLY", "Every week"],
  ["FREQ=WEEKLY;INTERVAL=2", "Every two weeks"],
  ["FREQ=MONTHLY", "Every month"],
];
const UNITS = { DAILY: ["day", "days"], WEEKLY: ["week", "weeks"], MONTHLY: ["month", "months"], YEARLY: ["year", "years"] };

// "FREQ=WEEKLY;INTERVAL=2;COUNT=6" -> "every 2 weeks, 6 times"
export function describeRule(rrule) {
  const parts = Object.fromEntries(rrule.split(";").map((part) => part.split("=")));
  const [unit, units] = UNITS[parts.FREQ] ?? ["time", "times"];
  const interval = Number(parts.INTERVAL ?? 1);
  const every = interval === 1 ? `every ${unit}` : `every ${interval} ${units}`;
  const times = parts.COUNT === "1" ? "once" : parts.COUNT ? `${parts.COUNT} times` : "";
  return times ? `${every}, ${times}` : every;
}
