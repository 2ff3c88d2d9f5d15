// Writes the emoji that the picker offers as a module: by group, each with its name, words for the search and
// the forms in the five skin tones.

import { qualified, readEntries, wordsOf } from "./emoji_rows.mjs";

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

const entries = readEntries(process.argv[2]);

function row(entry) {
  const { emoji, annotation, skins = [] } = entry;
  const tones = skins.filter((one) => typeof one.tone === "number").sort((a, b) => a.tone - b.tone);
  const fields = [qualified(emoji), annotation, wordsOf(entry)];
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
