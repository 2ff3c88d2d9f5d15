// The pages of posts except the feed. They are loaded together, when the first of them is opened.

import { bookmarksView } from "./bookmarks.js";
import { followedTagsView } from "./followed_tags.js";
import { postView } from "./post.js";
import { publicTimelineView } from "./public_timeline.js";
import { tagView } from "./tag.js";

export const pages = {
  bookmarks: bookmarksView,
  post: postView,
  public: publicTimelineView,
  tag: tagView,
  tags: followedTagsView,
};
