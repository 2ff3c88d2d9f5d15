// The mention grammar: the cases that the server passes too.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { findMentions } from "../../web/state/mentions.js";

const CASES = JSON.parse(readFileSync(new URL("../mention_cases.json", import.meta.url), "utf-8"));

for (const { text, names } of CASES)
  test(`${JSON.stringify(text)} mentions ${names.join(", ") || "no one"}`, () =>
    assert.deepEqual(findMentions(text), names));

test("long texts take no time", () => {
  for (const text of ["@" + "a".repeat(4000), "@" + "a.".repeat(2000) + "_", "@a".repeat(2000)])
    assert.deepEqual(findMentions(text), []);
});
