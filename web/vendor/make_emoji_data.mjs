// Writes the emoji that the picker offers as a module: by group, each with its name, words for the search and
// the forms in the five skin tones.

import { readFileSync } from "node:fs";

// Newer emoji are missing in the fonts of many devices.
const MAX_VERSION = 16;
const GROUPS = [
  [0, "Smileys"],
  [1, "People"],
  [3, "Animals and nature"],
  [4, "Food and drink"],
  [5, "Travel and places"],
  [6, "Activities"],
  [7, "Objects"],
  [8, "Symbols"],
  [9, "Flags"],
];

const entries = JSON.parse(readFileSync(process.argv[2], "utf8"))
  .filter((one) => one.version <= MAX_VERSION)
  .sort((left, right) => left.order - right.order);

// The data has a variation selector after some emoji that are fully qualified without one.
function qualified(emoji) {
  const rgi = /^\p{RGI_Emoji}$/v;
  const bare = emoji.replaceAll("\ufe0f", "");
  return !rgi.test(emoji) && rgi.test(bare) ? bare : emoji;
}

function row({ emoji, annotation, tags = [], shortcodes = [], skins = [] }) {
  const words = new Set([...tags, ...shortcodes.flatMap((code) => code.split("_"))]);
  for (const word of annotation.split(/\W+/)) words.delete(word);
  const tones = skins.filter((one) => typeof one.tone === "number").sort((a, b) => a.tone - b.tone);
  const fields = [qualified(emoji), annotation, [...words].join(" ")];
  return tones.length === 5 ? [...fields, tones.map((one) => qualified(one.emoji))] : fields;
}

const groups = GROUPS.map(([id, name]) => [name, entries.filter((one) => one.group === id).map(row)]);
const lines = groups.map(([name, rows]) => {
  const items = rows.map((one) => `    ${JSON.stringify(one)},`).join("\n");
  return `  [${JSON.stringify(name)}, [\n${items}\n  ]],`;
});
process.stdout.write(
  `// Made by vendor.sh: [group, [[emoji, name, words, forms in five skin tones]]].\n` +
    `export const EMOJI_GROUPS = [\n${lines.join("\n")}\n];\n`,
);
