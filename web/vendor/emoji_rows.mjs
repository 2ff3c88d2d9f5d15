// The emoji of a data file of emoji-picker-element-data, in the order of the picker.

import { readFileSync } from "node:fs";

// Newer emoji are missing in the fonts of many devices.
const MAX_VERSION = 16;

export function readEntries(path) {
  return JSON.parse(readFileSync(path, "utf8"))
    .filter((one) => one.version <= MAX_VERSION)
    .sort((left, right) => left.order - right.order);
}

// The data has a variation selector after some emoji that are fully qualified without one.
export function qualified(emoji) {
  const rgi = /^\p{RGI_Emoji}$/v;
  const bare = emoji.replaceAll("\ufe0f", "");
  return !rgi.test(emoji) && rgi.test(bare) ? bare : emoji;
}

// What the search finds an emoji by, apart from its name.
export function wordsOf({ annotation, tags = [], shortcodes = [] }) {
  const words = new Set([...tags, ...shortcodes.flatMap((code) => code.split("_"))]);
  for (const word of annotation.split(/[^\p{L}\p{N}_]+/u)) words.delete(word);
  return [...words].join(" ");
}
