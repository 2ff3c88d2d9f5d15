"""Telling followers who are online that there is a new post. A hint: it may be missed, and is never kept."""

import asyncio
import logging
from collections.abc import Callable, Sequence

import msgspec

from actors.posts.posts import Posts
from actors.wire.frames import FeedPostCreated
from storage.contracts.posts import PostStore
from storage.errors import StorageError

_log = logging.getLogger(__name__)
WAITING = 200
NOBODY = "00000000-0000-0000-0000-000000000000"


class FeedHints:
    """`send` tells users by id, on whatever instance they are."""

    def __init__(
        self, store: PostStore, posts: Posts, send: Callable[[Sequence[str], msgspec.Struct], None]
    ) -> None:
        self._store = store
        self._posts = posts
        self._send = send
        self._tasks: set[asyncio.Task[None]] = set()

    def tell(self, post_id: str, user_ids: Sequence[str]) -> None:
        """Soon, or not at all where much waits already."""
        if len(self._tasks) >= WAITING:
            return
        task = asyncio.create_task(self._tell(post_id, user_ids))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _tell(self, post_id: str, user_ids: Sequence[str]) -> None:
        try:
            # As seen by nobody in particular: who likes it is each reader's own.
            found = await self._store.find([post_id], NOBODY)
            for post in await self._posts.shown(found):
                self._send(user_ids, FeedPostCreated(post))
        except StorageError:
            _log.warning("followers were not told of a post")
