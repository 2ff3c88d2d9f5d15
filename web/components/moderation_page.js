// The frame of the pages of moderators: the heading, and links to the other ones.

import { element } from "./dom.js";

const PAGES = [
  ["#/moderation", "Reports"],
  ["#/moderation/appeals", "Appeals"],
  ["#/moderation/people", "People"],
  ["#/moderation/audit", "Audit"],
  ["#/moderation/registrations", "Registrations"],
];

export function moderationPage(session, title, ...content) {
  const links = PAGES.map(([href, label]) =>
    element("a", { href, class: "plain", "aria-current": label === title ? "page" : null }, label),
  );
  return {
    title,
    element: element(
      "section",
      { class: "column stack" },
      element("h1", { tabindex: "-1" }, title),
      element("nav", { class: "row wrap page-links", "aria-label": "Moderation" }, links),
      ...content,
    ),
  };
}
