// The emoji picker's search and skin tones, and the table of cases that the server is tested with too.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { inTone, loadEmoji, searchEmoji, SKIN_TONES } from "../../web/state/emoji_search.js";
import { EMOJI_GROUPS } from "../../web/vendor/emoji_data.js";
import { useLanguage } from "./texts.js";

const CASES = JSON.parse(readFileSync(new URL("../emoji_cases.json", import.meta.url), "utf8"));
const first = (query) => searchEmoji(EMOJI_GROUPS, query)[0]?.[0];
const offered = EMOJI_GROUPS.flatMap(([, entries]) => entries);

test("emoji are found by the start of words of their name", () => {
  assert.equal(first("grinning fa"), "😀");
  assert.equal(first("flag: scot"), CASES.accepted.find((one) => one.name === "flag of Scotland").stored);
  assert.equal(first("RED HEART"), "❤️");
  assert.equal(first("🎉"), "🎉");
  assert.ok(searchEmoji(EMOJI_GROUPS, "party").some(([emoji]) => emoji === "🎉"));
  assert.deepEqual(searchEmoji(EMOJI_GROUPS, "rinning"), []);
  assert.deepEqual(searchEmoji(EMOJI_GROUPS, " "), []);
});

test("emoji are named in the language of the client, and found in English too", async () => {
  useLanguage("de");
  const groups = await loadEmoji();
  useLanguage("en");
  const named = new Map(groups.flatMap(([, entries]) => entries).map(([emoji, name]) => [emoji, name]));
  assert.equal(named.get("👍"), "Daumen hoch");
  for (const query of ["daumen h", "DAUMEN", "thumbs up"])
    assert.ok(searchEmoji(groups, query).some(([emoji]) => emoji === "👍"), query);
  const english = offered.filter(([emoji, name]) => named.get(emoji) === name && / /.test(name));
  assert.ok(english.length < 20, `without a German name: ${english.map(([emoji]) => emoji).join(" ")}`);
  assert.deepEqual(await loadEmoji(), EMOJI_GROUPS);
});

test("a skin tone applies to the emoji that have it", () => {
  const hand = offered.find(([emoji]) => emoji === "👍");
  assert.deepEqual(
    SKIN_TONES.map((_, tone) => inTone(hand, tone)),
    ["👍", "👍🏻", "👍🏼", "👍🏽", "👍🏾", "👍🏿"],
  );
  assert.equal(inTone(offered[0], 3), "😀");
});

test("the picker offers the common stored forms of the table, and none that it refuses", () => {
  const all = new Set(offered.flatMap(([emoji, , , forms = []]) => [emoji, ...forms]));
  for (const name of ["thumbs up", "skin tone", "heart", "keycap", "rainbow flag", "flag of England"])
    assert.ok(all.has(CASES.accepted.find((one) => one.name === name).stored), name);
  for (const { name, text } of CASES.refused) assert.ok(!all.has(text), name);
});
