// A user's initial on a color, with a presence dot. Avatar images of other servers are not loaded, because
// that would show those servers which users are viewed, and by which addresses.

import { t } from "../i18n.js";
import { nameOf } from "../state/user_cards.js";
import { element } from "./dom.js";

const HUES = 8;

export function avatar(card, { size = "", dot = true } = {}) {
  const initial = [...nameOf(card).replace(/^@/, "")][0]?.toUpperCase() ?? "?";
  return element(
    "span",
    { class: `avatar ${size} hue-${hueOf(card.id)}` },
    element("span", { "aria-hidden": "true" }, initial),
    dot && presenceDot(card.id),
  );
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
