// The filter of the list of conversations. Run by `make test-web`.

import assert from "node:assert/strict";
import { test } from "node:test";
import { matchesFilter } from "../../web/state/conversation_filter.js";

const CASES = [
  ["lucia", ["Lucía Costa", "lu.costa"], true],
  ["LUCÍA", ["Lucia"], true],
  ["strasse", ["Straßenfest"], true],
  ["@lu.co", ["Lucía Costa", "lu.costa"], true],
  [" costa ", ["Lucía Costa"], true],
  ["", ["Garden"], true],
  ["lucas", ["Lucía Costa", "lu.costa"], false],
];

for (const [text, names, expected] of CASES)
  test(`"${text}" ${expected ? "finds" : "does not find"} ${names.join(", ")}`, () =>
    assert.equal(matchesFilter(text, names), expected));
