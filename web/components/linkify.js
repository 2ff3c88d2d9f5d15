// Text with links: http and https addresses, and `@username`. Nothing else becomes markup.

import { plainText, safeAddress } from "../state/markdown.js";
import { MENTION, usernameOf } from "../state/mentions.js";
import { element } from "./dom.js";

const LINK = new RegExp(`https?://[^\\s<>"'\`]+|${MENTION}`, "gi");
const TRAILING_PUNCTUATION = /[.,;:!?)\]}'"…]+$/;

// `mentionLabel(found)`: the text of a link to a user, from the mention.
export function linkify(text, mentionLabel = (found) => found) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const isMention = match[0].startsWith("@");
    const found = isMention ? match[0] : match[0].replace(TRAILING_PUNCTUATION, "");
    const link = isMention ? mentionLink(found, mentionLabel) : externalLink(found);
    if (link === null) continue;
    parts.push(text.slice(end, match.index), link);
    end = match.index + found.length;
  }
  return [...parts, text.slice(end)];
}

// A link that opens in a new tab, or null if the address is neither http nor https.
export function externalLink(address, label = address) {
  const href = safeAddress(address);
  if (href === null) return null;
  const title = label === address ? null : href;
  const link = element("a", { rel: "noopener noreferrer nofollow", target: "_blank", title }, label);
  link.href = href;
  return link;
}

function mentionLink(found, label) {
  const username = usernameOf(found);
  return username === null ? null : element("a", { href: `#/@${username}` }, label(found));
}

// Code points after trimming, as the server counts them.
export function textLength(text) {
  return [...text.trim()].length;
}

// The beginning of a message in one line, without the marks of Markdown.
export function excerpt(text, maxLength = 80) {
  const characters = [...plainText(text.slice(0, maxLength * 4)).replace(/\s+/g, " ")];
  return characters.length > maxLength
    ? `${characters.slice(0, maxLength - 1).join("")}…`
    : characters.join("");
}
