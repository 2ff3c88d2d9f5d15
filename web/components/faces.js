// The first people of a list as overlapping avatars that lead to their profiles.

import { nameOf } from "../state/user_cards.js";
import { avatar } from "./avatar.js";
import { element } from "./dom.js";

// `rest`: what follows the faces, or null.
export function faces(label, cards, rest = null) {
  const links = cards.map((card) =>
    element(
      "li",
      {},
      element(
        "a",
        { href: `#/@${card.username}`, title: nameOf(card), "aria-label": nameOf(card) },
        avatar(card, { size: "small", dot: false }),
      ),
    ),
  );
  return element(
    "div",
    { class: "row wrap" },
    element("ul", { class: "plain-list faces", "aria-label": label }, links),
    rest,
  );
}
