// Texts of recurrence rules.

import "./texts.js";
import assert from "node:assert/strict";
import test from "node:test";
import { describeRule } from "../../web/state/recurrence.js";

const CASES = [
  ["FREQ=DAILY;COUNT=3", "every day, 3 times"],
  ["FREQ=WEEKLY;BYDAY=TU;COUNT=1", "every week, once"],
  ["FREQ=WEEKLY;INTERVAL=2;COUNT=6", "every 2 weeks, 6 times"],
  ["FREQ=MONTHLY;BYDAY=-1FR;COUNT=12", "every month, 12 times"],
  ["FREQ=YEARLY;COUNT=2", "every year, 2 times"],
];

for (const [rrule, text] of CASES) test(`${rrule} is ${text}`, () => assert.equal(describeRule(rrule), text));
