// The beginning of a message in one line, without the marks of Markdown.

import { plainText } from "../state/markdown.js";

export function excerpt(text, maxLength = 80) {
  const characters = [...plainText(text.slice(0, maxLength * 4)).replace(/\s+/g, " ")];
  return characters.length > maxLength
    ? `${characters.slice(0, maxLength - 1).join("")}…`
    : characters.join("");
}
