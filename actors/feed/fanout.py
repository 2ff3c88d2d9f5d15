"""Fans posts out to the timelines of followers, and invalidates timelines when follows change.

Posts of an author with many followers are not fanned out: readers fetch them (fan-out on read). All steps are
idempotent.
"""

from collections.abc import AsyncIterator, Callable, Sequence

from actors.domain_events.event_types import FollowChanged, PostCreated, decode_event
from storage.contracts.domain_events import Cursors, CursorUpdate, OutboxEvent
from storage.contracts.posts import PostKey
from storage.contracts.social import AudienceStore
from storage.contracts.timelines import Timelines

FOLLOWERS_PER_BATCH = 1000

PublishPostCreated = Callable[[str, Sequence[str]], None]
"""(post id, follower ids): notify those who are online."""


class FanOut:
    """A `Consumer` of the Post service's events."""

    name = "feed.posts"

    def __init__(
        self,
        audiences: AudienceStore,
        timelines: Timelines,
        cursors: Cursors,
        publish_post_created: PublishPostCreated,
        broadcast_threshold: int,
    ) -> None:
        self._audiences = audiences
        self._timelines = timelines
        self._cursors = cursors
        self._publish_post_created = publish_post_created
        self._broadcast_threshold = broadcast_threshold

    async def handle(self, events: Sequence[OutboxEvent], cursor_update: CursorUpdate | None) -> None:
        for event in events:
            match decode_event(event):
                case PostCreated() as post:
                    await self._fan_out(PostKey(post.created_us, post.id, post.author_id))
        if cursor_update is not None:
            await self._cursors.advance(cursor_update)

    async def on_outbox_restored(self) -> None:
        """Nothing to reset: pushing a post to a timeline again has no effect."""

    async def _fan_out(self, key: PostKey) -> None:
        state = (await self._audiences.fan_out_states([key.author_id])).get(key.author_id)
        if state is None or state.broadcast_settled or not state.followers_count:
            return
        if state.broadcast or state.followers_count >= self._broadcast_threshold:
            # Set the flag before invalidating, so that timelines built from now on respect it. Mark it as
            # settled only at the end, so that a crash in between repeats the invalidation.
            await self._audiences.set_broadcast(key.author_id)
            async for followers in self._followers(key.author_id):
                await self._timelines.invalidate(followers)
            await self._audiences.mark_broadcast_settled(key.author_id)
            return
        async for followers in self._followers(key.author_id):
            await self._timelines.push(key, followers)
            self._publish_post_created(key.id, followers)

    async def _followers(self, author_id: str) -> AsyncIterator[list[str]]:
        after = ""
        while batch := await self._audiences.followers_after(author_id, after, FOLLOWERS_PER_BATCH):
            yield batch
            after = batch[-1]


class TimelineInvalidator:
    """A `Consumer` of the Social service's events: invalidates timelines when follows change."""

    name = "feed.social"

    def __init__(self, timelines: Timelines, cursors: Cursors) -> None:
        self._timelines = timelines
        self._cursors = cursors

    async def handle(self, events: Sequence[OutboxEvent], cursor_update: CursorUpdate | None) -> None:
        changed: dict[str, None] = {}
        for event in events:
            match decode_event(event):
                case FollowChanged(follower_id=follower_id):
                    changed[follower_id] = None
        if changed:
            await self._timelines.invalidate(list(changed))
        if cursor_update is not None:
            await self._cursors.advance(cursor_update)

    async def on_outbox_restored(self) -> None:
        """Nothing to reset: invalidating a timeline again is harmless."""
