// A list of posts, without those that the user deleted and those of users that the user blocked.

import { PagedList } from "./paged_list.js";
import { postCard } from "./post_card.js";

// `options` are those of `PagedList`.
export function postList(session, scope, options) {
  const list = new PagedList({ render: (post) => postCard(session, post), ...options });
  scope.keep(session.postDeleted.on((id) => list.remove(id)));
  scope.keep(session.relationships.changed.on(({ blocked }) => blocked && list.load()));
  return list;
}
