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

WAITING = 200
AT_ONCE = 4
NOBODY = "00000000-0000-0000-0000-000000000000"
"""As seen by nobody in particular: what is each viewer's own is left out."""


class Hints:
    """`send` tells users by id, on whatever instance they are."""

    def __init__(
        self,
        post_store: PostStore,
        posts: Posts,
        event_store: EventStore,
        events: Events,
        send: Callable[[Sequence[str], msgspec.Struct], None],
    ) -> None:
        self._post_store = post_store
        self._posts = posts
        self._event_store = event_store
        self._events = events
        self._send = send
        self._errands = TaskPool("hints", WAITING, AT_ONCE)

    def posted(self, post_id: str, user_ids: Sequence[str]) -> None:
        """Soon, or not at all where much waits already."""
        self._errands.submit(partial(self._posted, post_id, user_ids))

    def event_changed(self, event_id: str, user_ids: Sequence[str]) -> None:
        """Soon, or not at all where much waits already."""
        self._errands.submit(partial(self._event_changed, event_id, user_ids))

    async def close(self, within_s: float) -> None:
        await self._errands.close(within_s)

    async def _posted(self, post_id: str, user_ids: Sequence[str]) -> None:
        for post in await self._posts.shown(await self._post_store.find([post_id], NOBODY)):
            self._send(user_ids, FeedPostCreated(post))

    async def _event_changed(self, event_id: str, user_ids: Sequence[str]) -> None:
        for event in await self._events.shown(await self._event_store.find([event_id], NOBODY)):
            self._send(user_ids, EventUpdated(event))
