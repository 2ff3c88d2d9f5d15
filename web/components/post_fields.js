// What the author of a post chooses besides its text. Posts and quotes have the same fields.

import { t } from "../i18n.js";
import { element } from "./dom.js";

// By the names of the API; see `composer`.
export function postFields(session) {
  return { visibility: visibilitySelect(session) };
}

// Who can see the post. The posts of a private account are for followers, whatever is chosen.
function visibilitySelect(session) {
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
