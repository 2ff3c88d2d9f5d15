// A select of who can see a post.

import { element } from "./dom.js";

// The posts of a private account are for followers, whatever is chosen.
export function visibilityChoice(session) {
  const options = session.user.private
    ? [["followers", "Followers"]]
    : [
        ["public", "Everyone"],
        ["followers", "Followers"],
      ];
  return element(
    "select",
    { "aria-label": "Who can see this post" },
    options.map(([value, label]) => element("option", { value }, label)),
  );
}
