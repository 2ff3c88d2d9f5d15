// A user's picture, or the initial on a color, with a presence dot. Pictures on other servers are not loaded,
// because that would show those servers which users are viewed, and by which addresses.

import { t } from "../i18n.js";
import { nameOf } from "../state/user_cards.js";
import { element } from "./dom.js";

const HUES = 8;

export function avatar(card, { size = "", dot = true } = {}) {
  return element(
    "span",
    { class: `avatar ${size} hue-${hueOf(card.id)}` },
    picture(card),
    dot && presenceDot(card.id),
  );
}

function picture(card) {
  const initial = [...nameOf(card).replace(/^@/, "")][0]?.toUpperCase() ?? "?";
  const letter = element("span", { "aria-hidden": "true" }, initial);
  const src = ownAddress(card.avatar_url);
  if (src === null) return letter;
  const image = element("img", { src, alt: "", loading: "lazy", onerror: () => image.replaceWith(letter) });
  return image;
}

// The address of a picture on this server; null for one elsewhere, or none.
function ownAddress(address) {
  if (!address) return null;
  try {
    const { host, pathname, search } = new URL(address);
    return host === location.host ? location.origin + pathname + search : null;
  } catch {
    return null;
  }
}

export function groupAvatar(name, id, { size = "" } = {}) {
  const initial = [...(name || "#")][0].toUpperCase();
  return element("span", { class: `avatar group ${size} hue-${hueOf(id)}`, "aria-hidden": "true" }, initial);
}

// Painted by `Presence`.
function presenceDot(userId) {
  return element("span", {
    class: "dot",
    role: "img",
    "aria-label": t("presence.offline"),
    "data-presence": userId,
  });
}

function hueOf(id) {
  let hash = 0;
  for (const character of id) hash = (hash * 31 + character.charCodeAt(0)) >>> 0;
  return hash % HUES;
}
