// A select of who can see a post.

import { t } from "../i18n.js";
import { element } from "./dom.js";

// The posts of a private account are for followers, whatever is chosen.
export function visibilityChoice(session) {
  const options = session.user.private
    ? [["followers", t("feed.followers")]]
    : [
        ["public", t("common.everyone")],
        ["followers", t("feed.followers")],
      ];
  return element(
    "select",
    { "aria-label": t("feed.audience") },
    options.map(([value, label]) => element("option", { value }, label)),
  );
}
