"""The counts of posts, for the viewers who can see them."""

from collections.abc import Mapping, Sequence

from actors.posts.visibility import ANONYMOUS_VIEWER_ID, PostVisibilityChecker
from actors.protocol.social_objects import PostCounts
from storage.contracts.posts import PostStore


class PostCountReader:
    def __init__(self, store: PostStore, visibility: PostVisibilityChecker) -> None:
        self._store = store
        self._visibility = visibility

    async def load(self, pairs: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], PostCounts]:
        """Return the counts by (viewer id, post id), without posts that the viewers cannot see.

        Three lookups for all pairs.
        """
        visible = await self._visibility.find_visible(pairs)
        post_ids = list({post_id for _, post_id in visible})
        counts = {
            record.id: PostCounts(record.id, record.like_count, record.comment_count, record.repost_count)
            for record in await self._store.find(post_ids, ANONYMOUS_VIEWER_ID)
        }
        return {pair: counts[pair[1]] for pair in pairs if pair in visible and pair[1] in counts}
