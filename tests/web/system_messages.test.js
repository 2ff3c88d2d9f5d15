// Runs of system messages in one sentence.

import assert from "node:assert/strict";
import test from "node:test";
import { describe, summarize } from "../../web/state/system_messages.js";
import { useLanguage } from "./texts.js";

const NAMES = { ana: "Ana Alvarez", ben: "Ben" };
const nameOf = (username) => NAMES[username] ?? `@${username}`;
const CASES = [
  [["@ben joined"], "Ben joined"],
  [["@ben joined", "@cleo joined"], "Ben and @cleo joined"],
  [["@ana added @ben", "@ana added @cleo", "@ana added @dan"], "Ana Alvarez added Ben, @cleo and @dan"],
  [["@a joined", "@b joined", "@c joined", "@d joined"], "@a, @b and 2 others joined"],
  [
    ["@ana added @ben", "@ben added @cleo", "@ben left"],
    "Ana Alvarez added Ben · Ben added @cleo · Ben left",
  ],
  [
    ["@ana removed @ben", "@ana changed the name, asked by @ben"],
    "Ana Alvarez removed Ben · Ana Alvarez changed the name, asked by Ben",
  ],
  [
    ["@a left", "@a joined", "@a left", "@a joined", "@b left"],
    "@a left · @a joined · @a left · 2 more updates",
  ],
];

const OWN_CASES = [
  ["@ben joined", "You joined", "Du bist beigetreten"],
  ["@ana added @ben", "Ana Alvarez added you", "Ana Alvarez hat dich hinzugefügt"],
  ["@ben removed @cleo", "You removed @cleo", "Du hast @cleo entfernt"],
  ["@ben left", "You left", "Du hast die Gruppe verlassen"],
  ["@ana left", "Ana Alvarez left", "Ana Alvarez hat die Gruppe verlassen"],
  [
    '@ana changed the name to "a b"',
    "Ana Alvarez changed the name to “a b”",
    "Ana Alvarez hat den Namen in „a b“ geändert",
  ],
  ["@ben changed the admins", "You changed the admins", "Du hast die Admins geändert"],
];

for (const [texts, expected] of CASES)
  test(expected, () => assert.equal(summarize(texts, nameOf, "reader"), expected));

for (const [text, english, german] of OWN_CASES) {
  test(`${english}, to @ben`, () => {
    assert.equal(summarize([text], nameOf, "ben"), english);
    useLanguage("de");
    assert.equal(describe(text, nameOf, "ben").join(""), german);
    useLanguage("en");
  });
}

test("several people join, in German", () => {
  useLanguage("de");
  assert.equal(summarize(["@ben joined", "@cleo joined"], nameOf, "ben"), "Du und @cleo sind beigetreten");
  useLanguage("en");
});

test("an unknown text is not described", () =>
  assert.equal(describe("Doors open at 8", nameOf, "reader"), null));
