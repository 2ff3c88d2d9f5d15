// What people wrote, as text with its links: https addresses, and names of people after an `@`. Never
// anything else: no other scheme, no markup.

import { element } from "./dom.js";

const LINK = /https:\/\/[^\s<>"'`]+|(?<![\w@.])@[A-Za-z0-9_.]{3,50}/g;
const TAIL = /[.,;:!?)\]}'"…]+$/;

export function words(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const found = match[0].replace(TAIL, "");
    const link = found.startsWith("@") ? person(found) : outside(found);
    if (link === null) continue;
    parts.push(text.slice(end, match.index), link);
    end = match.index + found.length;
  }
  return [...parts, text.slice(end)];
}

export function outside(address, text = address) {
  let url;
  try {
    url = new URL(address);
  } catch {
    return null;
  }
  if (url.protocol !== "https:") return null;
  return element("a", { href: url.href, rel: "noopener noreferrer nofollow", target: "_blank" }, text);
}

function person(found) {
  return found.length < 4 ? null : element("a", { href: `#/@${found.slice(1).toLowerCase()}` }, found);
}

// Code points after trimming: what the server counts.
export function length(text) {
  return [...text.trim()].length;
}

export function excerpt(text, most = 80) {
  const flat = [...text.replace(/\s+/g, " ")];
  return flat.length > most ? `${flat.slice(0, most - 1).join("")}…` : flat.join("");
}
