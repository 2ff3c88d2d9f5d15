// Tags in text: `#tag`. The rule is that of the server; `tests/tag_cases.json` has the cases.
//
// A tag consists of letters, marks, digits and underscores of any script, with at least one letter. What continues
// a word, an address or a URL is no tag. Scripts without spaces may precede it directly.

const WORD = "\\p{L}\\p{M}\\p{N}_\\u200c";
const UNSPACED = ["Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar"]
  .map((script) => `\\p{Script=${script}}`)
  .join("");
const IN_TEXT = new RegExp(
  `https?://\\S+|(?:(?<![${WORD}&/#@=?])|(?<=[${UNSPACED}]))` +
    `#([\\p{M}\\p{N}_\\u200c]*\\p{L}[${WORD}]*)(?![${WORD}@])`,
  "giu",
);
const MAX_LENGTH = 100;
const IGNORABLE = /^\p{Default_Ignorable_Code_Point}+$/u;

// The tags of a text with their `#`: [{index, found}].
export function tagMatches(text) {
  return [...text.matchAll(IN_TEXT)]
    .filter((match) => match[1] !== undefined && isTag(match[1]))
    .map((match) => ({ index: match.index, found: match[0] }));
}

function isTag(tag) {
  const longest = Math.max([...tag].length, [...tag.normalize("NFKC")].length);
  return longest <= MAX_LENGTH && !IGNORABLE.test(tag);
}
