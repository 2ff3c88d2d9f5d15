// Text with links: http and https addresses, `@username`, and `#tag` in posts. Nothing else becomes markup.

import { MENTION, usernameOf } from "../state/mentions.js";
import { tagMatches } from "../state/tags.js";
import { safeAddress } from "../state/web_address.js";
import { element } from "./dom.js";

const LINK = new RegExp(`https?://[^\\s<>"'\`]+|${MENTION}`, "gi");
const TRAILING_PUNCTUATION = /[.,;:!?)\]}'"…]+$/;

// `tags`: links tags too. `mentionLabel(found)`: the text of a link to a user, from the mention.
export function linkify(text, { tags = false, mentionLabel = (found) => found } = {}) {
  const parts = [];
  let end = 0;
  const links = [...text.matchAll(LINK)].map(({ index, 0: found }) => ({ index, found }));
  const all = tags ? [...links, ...tagMatches(text)].sort((one, other) => one.index - other.index) : links;
  for (const { index, found: whole } of all) {
    const isAddress = !whole.startsWith("@") && !whole.startsWith("#");
    const found = isAddress ? whole.replace(TRAILING_PUNCTUATION, "") : whole;
    const link = linkOf(found, mentionLabel);
    if (link === null || index < end) continue;
    parts.push(text.slice(end, index), link);
    end = index + found.length;
  }
  return [...parts, text.slice(end)];
}

function linkOf(found, mentionLabel) {
  if (found.startsWith("@")) return mentionLink(found, mentionLabel);
  if (found.startsWith("#"))
    return element("a", { href: `#/tag/${encodeURIComponent(found.slice(1))}` }, found);
  return externalLink(found);
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
