"""Ephemeral events to online users: a new post of a followed user, an update of an event that concerns them.

Posts are not pushed to users who mute the author or cannot see the post. At most once and not stored: the
feed, and a notification, carry the same information durably.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from actors.events.events import Events
from actors.posts.posts import Posts
from actors.posts.visibility import ANONYMOUS_VIEWER_ID, PostVisibilityChecker, ViewerAccess
from actors.protocol.server_frames import EventUpdated, FeedPostCreated
from actors.runtime.task_pool import TaskPool
from storage.contracts.events import EventStore
from storage.contracts.mutes import MuteStore
from storage.contracts.post_access import PostAccess
from storage.contracts.posts import PostStore

MAX_PENDING = 200
MAX_RUNNING = 4


class EphemeralEventPublisher:
    """`publish` sends an event to users by id, on all instances."""

    def __init__(
        self,
        post_store: PostStore,
        posts: Posts,
        visibility: PostVisibilityChecker,
        event_store: EventStore,
        events: Events,
        mutes: MuteStore,
        publish: Callable[[Sequence[str], msgspec.Struct], None],
    ) -> None:
        self._post_store = post_store
        self._posts = posts
        self._visibility = visibility
        self._event_store = event_store
        self._events = events
        self._mutes = mutes
        self._publish = publish
        self._task_pool = TaskPool("ephemeral events", MAX_PENDING, MAX_RUNNING)

    def publish_post_created(self, post_id: str, user_ids: Sequence[str]) -> None:
        """Publish in the background; drop it if too many are pending."""
        self._task_pool.submit(partial(self._load_and_publish_post, post_id, user_ids))

    def publish_event_updated(self, event_id: str, user_ids: Sequence[str]) -> None:
        """Publish in the background; drop it if too many are pending."""
        self._task_pool.submit(partial(self._load_and_publish_event, event_id, user_ids))

    async def close(self, timeout_s: float) -> None:
        await self._task_pool.close(timeout_s)

    async def _load_and_publish_post(self, post_id: str, user_ids: Sequence[str]) -> None:
        # One serialization for all recipients omits per-viewer fields.
        for record in await self._post_store.find([post_id], ANONYMOUS_VIEWER_ID):
            authors = {record.author_id, record.original.author_id if record.original else record.author_id}
            viewer_ids, *muter_ids = await asyncio.gather(
                self._visibility.find_viewers(record, user_ids),
                *(self._mutes.post_muters_among(author_id, user_ids) for author_id in authors),
            )
            if record.original is not None:
                viewer_ids = await self._visibility.find_viewers(record.original, viewer_ids)
            recipient_ids = [
                user_id for user_id in viewer_ids if not any(user_id in ids for ids in muter_ids)
            ]
            access_of_viewers = ViewerAccess(dict.fromkeys(authors, PostAccess.ALL))
            for post in await self._posts.serialize([record], None, access_of_viewers):
                self._publish(recipient_ids, FeedPostCreated(post))

    async def _load_and_publish_event(self, event_id: str, user_ids: Sequence[str]) -> None:
        # `user_ids` are users whom the event concerns, so they see it, unless it is hidden.
        records = await self._event_store.find_for_all([event_id])
        for event in await self._events.serialize(records, ANONYMOUS_VIEWER_ID):
            self._publish(user_ids, EventUpdated(event))
