// Writes the names of the emoji in another language as a module, with the words for the search.

import { qualified, readEntries, wordsOf } from "./emoji_rows.mjs";

// Skin tones and parts of flags are not offered by themselves.
const rows = readEntries(process.argv[2])
  .filter((one) => one.group !== undefined && one.group !== 2)
  .map((one) => JSON.stringify([qualified(one.emoji), [one.annotation, wordsOf(one)]]));
process.stdout.write(
  `// Made by vendor.sh: emoji -> [name, words].\n` +
    `export const EMOJI_NAMES = new Map([\n${rows.map((row) => `  ${row},`).join("\n")}\n]);\n`,
);
