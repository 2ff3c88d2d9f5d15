// The tag grammar: the cases that the server passes too.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { tagMatches } from "../../web/state/tags.js";

const CASES = JSON.parse(readFileSync(new URL("../tag_cases.json", import.meta.url), "utf-8"));

for (const { text, tags } of CASES)
  test(`${JSON.stringify(text)} has the tags ${tags.join(", ") || "none"}`, () => {
    const found = tagMatches(text);
    for (const { index, found: tag } of found) assert.ok(text.startsWith(tag, index));
    // Of equal tags the server lists the first; all are links.
    const distinct = new Map();
    for (const { found: tag } of found) {
      const key = tag.slice(1).normalize("NFKC").toUpperCase();
      if (!distinct.has(key)) distinct.set(key, tag.slice(1));
    }
    assert.deepEqual([...distinct.values()], tags);
  });

test("long texts take no time", () => {
  for (const text of [`#${"1".repeat(4000)}`, "#1".repeat(2000), `#${"_".repeat(4000)}@`])
    assert.deepEqual(tagMatches(text), []);
});
