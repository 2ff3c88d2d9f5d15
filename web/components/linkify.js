// Text with links: http and https addresses, `@username`, and `#tag` in posts. Nothing else becomes markup.

import { MENTION, usernameOf } from "../state/mentions.js";
import { tagMatches } from "../state/tags.js";
import { element } from "./dom.js";

const LINK = new RegExp(`https?://[^\\s<>"'\`]+|${MENTION}`, "gi");
const TRAILING_PUNCTUATION = /[.,;:!?)\]}'"…]+$/;

// `tags`: links tags too.
export function linkify(text, { tags = false } = {}) {
  const parts = [];
  let end = 0;
  const links = [...text.matchAll(LINK)].map(({ index, 0: found }) => ({ index, found }));
  const all = tags ? [...links, ...tagMatches(text)].sort((one, other) => one.index - other.index) : links;
  for (const { index, found: whole } of all) {
    const isAddress = !whole.startsWith("@") && !whole.startsWith("#");
    const found = isAddress ? whole.replace(TRAILING_PUNCTUATION, "") : whole;
    const link = linkOf(found);
    if (link === null || index < end) continue;
    parts.push(text.slice(end, index), link);
    end = index + found.length;
  }
  return [...parts, text.slice(end)];
}

function linkOf(found) {
  if (found.startsWith("@")) return mentionLink(found);
  if (found.startsWith("#"))
    return element("a", { href: `#/tag/${encodeURIComponent(found.slice(1))}` }, found);
  return externalLink(found);
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
  const username = usernameOf(found);
  return username === null ? null : element("a", { href: `#/@${username}` }, found);
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
