// The Markdown subset of messages, by the table that other clients can use too.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { parseMarkdown, plainText } from "../../web/state/markdown.js";

const CASES = JSON.parse(readFileSync(new URL("../markdown_cases.json", import.meta.url), "utf-8"));
const LENGTH = 4000;
const MAX_MS = 1_000;

for (const { text, nodes } of CASES)
  test(`parses ${JSON.stringify(text)}`, () => assert.deepEqual(parseMarkdown(text), nodes));

test("the plain text has no marks", () => {
  assert.equal(plainText("**bold** `code` [text](https://example.test)"), "bold code text");
  assert.equal(plainText("- a\n- b\n\n> c"), "a b c");
});

test("no letter of a deeply nested text is lost", () => {
  for (let depth = 1; depth < 60; depth += 1)
    for (const mark of ["> ", "- ", "> - "])
      assert.match(plainText(`before\n\n${mark.repeat(depth)}inside`), /before.*inside/s, `${depth} ${mark}`);
});

// The longest message takes some 20 ms; exponential or cubic parsing would take minutes.
test("hostile texts take no time", () => {
  const parts = [">", "*", "_", "[", "`a", "- ", "![[]()", "https://a", "http:", "*a_", "> - ", "[a](", "\\", "1. "];
  for (const part of parts) {
    const start = performance.now();
    parseMarkdown(part.repeat(LENGTH / part.length));
    assert.ok(performance.now() - start < MAX_MS, part);
  }
});
