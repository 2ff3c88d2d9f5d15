// Text with links: http and https addresses, and `@username`. Nothing else becomes markup.

import { element } from "./dom.js";

const LINK = /https?:\/\/[^\s<>"'`]+|(?<![\w@.])@[A-Za-z0-9_.]{3,50}/g;
const TRAILING_PUNCTUATION = /[.,;:!?)\]}'"…]+$/;

export function linkify(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const found = match[0].replace(TRAILING_PUNCTUATION, "");
    const link = found.startsWith("@") ? mentionLink(found) : externalLink(found);
    if (link === null) continue;
    parts.push(text.slice(end, match.index), link);
    end = match.index + found.length;
  }
  return [...parts, text.slice(end)];
}

function externalLink(address) {
  let url;
  try {
    url = new URL(address);
  } catch {
    return null;
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") return null;
  const link = element("a", { rel: "noopener noreferrer nofollow", target: "_blank" }, address);
  link.href = url.href;
  return link;
}

function mentionLink(found) {
  return found.length < 4 ? null : element("a", { href: `#/@${found.slice(1).toLowerCase()}` }, found);
}

// Code points after trimming, as the server counts them.
export function textLength(text) {
  return [...text.trim()].length;
}

export function excerpt(text, maxLength = 80) {
  const characters = [...text.slice(0, maxLength * 4).replace(/\s+/g, " ")];
  return characters.length > maxLength
    ? `${characters.slice(0, maxLength - 1).join("")}…`
    : characters.join("");
}
