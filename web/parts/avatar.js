// Somebody's initial in a colour of their own, and whether they are there. Pictures of other servers are
// not loaded: they would tell those servers who looks at whom.

import { nameOf } from "../state/people.js";
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

export function presenceDot(userId) {
  return element("span", { class: "dot", role: "img", "aria-label": "offline", "data-presence": userId });
}

function hueOf(id) {
  let sum = 0;
  for (const mark of id) sum = (sum * 31 + mark.charCodeAt(0)) >>> 0;
  return sum % HUES;
}
