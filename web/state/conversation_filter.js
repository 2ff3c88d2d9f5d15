// Which conversations the filter of the list shows: those with a name, or a username, that contains the text. Case and
// accents do not matter.

import { foldText, userSearchText, withoutAccents } from "./search_text.js";

export function matchesFilter(text, names) {
  const wanted = plain(userSearchText(text));
  return names.some((name) => plain(name).includes(wanted));
}

function plain(text) {
  return withoutAccents(foldText(text));
}
