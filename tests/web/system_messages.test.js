// Runs of system messages in one sentence.

import assert from "node:assert/strict";
import test from "node:test";
import { summarize } from "../../web/state/system_messages.js";

const NAMES = { ana: "Ana Alvarez", ben: "Ben" };
const nameOf = (username) => NAMES[username] ?? `@${username}`;
const CASES = [
  [["@ben joined"], "Ben joined"],
  [["@ben joined", "@cleo joined"], "Ben and @cleo joined"],
  [["@ana added @ben", "@ana added @cleo", "@ana added @dan"], "Ana Alvarez added Ben, @cleo and @dan"],
  [["@a joined", "@b joined", "@c joined", "@d joined"], "@a, @b and 2 others joined"],
  [["@ana added @ben", "@ben added @cleo", "@ben left"], "Ana Alvarez added Ben · Ben added @cleo · Ben left"],
  [["@ana removed @ben", "@ana changed the name, asked by @ben"], "Ana Alvarez removed Ben · Ana Alvarez changed the name, asked by Ben"],
  [["@a left", "@a joined", "@a left", "@a joined", "@b left"], "@a left · @a joined · @a left · 2 more updates"],
];

for (const [texts, expected] of CASES) test(expected, () => assert.equal(summarize(texts, nameOf), expected));
