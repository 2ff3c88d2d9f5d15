"""Hints to those who are online: a new post of somebody they follow, an event they answered that changed.

They may be missed and are never kept: what they tell of is in the feed, and in a notification. Nobody
waits for one.
"""

from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from actors.events.events import Events
from actors.posts.posts import Posts
from actors.protocol.server_frames import EventUpdated, FeedPostCreated
from actors.runtime.task_pool import TaskPool
from storage.contracts.events import EventStore
from storage.contracts.posts import PostStore

MAX_PENDING = 200
MAX_RUNNING = 4
ANONYMOUS_VIEWER_ID = "00000000-0000-0000-0000-000000000000"
"""As seen by nobody in particular: what is each viewer's own is left out."""


class EphemeralEvents:
    """`send` tells users by id, on whatever instance they are."""

    def __init__(
        self,
        post_store: PostStore,
        posts: Posts,
        event_store: EventStore,
        events: Events,
        publish: Callable[[Sequence[str], msgspec.Struct], None],
    ) -> None:
        self._post_store = post_store
        self._posts = posts
        self._event_store = event_store
        self._events = events
        self._publish = publish
        self._task_pool = TaskPool("hints", MAX_PENDING, MAX_RUNNING)

    def publish_post_created(self, post_id: str, user_ids: Sequence[str]) -> None:
        """Soon, or not at all where much waits already."""
        self._task_pool.submit(partial(self._load_and_publish_post, post_id, user_ids))

    def publish_event_updated(self, event_id: str, user_ids: Sequence[str]) -> None:
        """Soon, or not at all where much waits already."""
        self._task_pool.submit(partial(self._load_and_publish_event, event_id, user_ids))

    async def close(self, timeout_s: float) -> None:
        await self._task_pool.close(timeout_s)

    async def _load_and_publish_post(self, post_id: str, user_ids: Sequence[str]) -> None:
        for post in await self._posts.serialize(await self._post_store.find([post_id], ANONYMOUS_VIEWER_ID)):
            self._publish(user_ids, FeedPostCreated(post))

    async def _load_and_publish_event(self, event_id: str, user_ids: Sequence[str]) -> None:
        for event in await self._events.serialize(
            await self._event_store.find([event_id], ANONYMOUS_VIEWER_ID)
        ):
            self._publish(user_ids, EventUpdated(event))
