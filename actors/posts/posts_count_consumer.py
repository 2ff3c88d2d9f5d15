"""Keeps each user's number of posts in the Social service, from the counts in post events.

The count of the newest event wins, in whatever order events arrive.
"""

from collections.abc import Sequence

from actors.domain_events.event_types import PostChanged, decode_event
from storage.contracts.domain_events import CursorUpdate, OutboxEvent
from storage.contracts.social import AudienceStore, PostsCount


class PostsCountConsumer:
    """A `Consumer` of the Post service's events."""

    name = "social.posts_count"

    def __init__(self, audiences: AudienceStore) -> None:
        self._audiences = audiences

    async def handle(self, events: Sequence[OutboxEvent], cursor_update: CursorUpdate | None) -> None:
        counts: list[PostsCount] = []
        for event in events:
            match decode_event(event):
                case PostChanged() as post:
                    counts.append(PostsCount(post.author_id, post.posts_count, event.id))
        await self._audiences.set_posts_counts(counts, cursor_update)

    async def on_outbox_restored(self) -> None:
        await self._audiences.reset_posts_count_versions()
