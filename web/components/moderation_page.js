// The frame of the pages of moderators: the heading, and links to the other ones.

import { t } from "../i18n.js";
import { element } from "./dom.js";

const PAGES = [
  ["#/moderation", t("moderation.reports")],
  ["#/moderation/appeals", t("moderation.appeals")],
  ["#/moderation/people", t("people.title")],
  ["#/moderation/audit", t("moderation.audit")],
  ["#/moderation/registrations", t("moderation.registrations")],
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
      element("nav", { class: "row wrap page-links", "aria-label": t("moderation.title") }, links),
      ...content,
    ),
  };
}
