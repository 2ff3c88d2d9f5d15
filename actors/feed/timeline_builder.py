"""Builds missing timelines; concurrent requests for the same user share one build."""

import asyncio

from config.limits import TIMELINE_POSTS
from storage.contracts.feed import FeedPosts
from storage.contracts.social import AudienceStore
from storage.contracts.timelines import Timelines


class TimelineBuilder:
    """Posts, follows and invalidations during a build are not lost: see `Timelines`."""

    def __init__(self, posts: FeedPosts, audiences: AudienceStore, timelines: Timelines) -> None:
        self._posts = posts
        self._audiences = audiences
        self._timelines = timelines
        self._builds: dict[str, asyncio.Task[bool]] = {}

    async def build(self, user_id: str) -> bool:
        """Build a timeline. Returns False if it was changed concurrently. Raises `Unavailable`."""
        task = self._builds.get(user_id)
        if task is None:
            task = self._builds[user_id] = asyncio.create_task(self._build(user_id))
            task.add_done_callback(lambda _task: self._builds.pop(user_id, None))
        return await asyncio.shield(task)

    async def close(self) -> None:
        tasks = list(self._builds.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _build(self, user_id: str) -> bool:
        token = await self._timelines.begin_rebuild(user_id)
        followees = await self._audiences.followees(user_id)
        keys = await self._posts.newest_keys(followees.fanned_out, TIMELINE_POSTS + 1)
        truncated = len(keys) > TIMELINE_POSTS
        return await self._timelines.finish_rebuild(
            user_id, token, keys[:TIMELINE_POSTS], followees.broadcast, truncated=truncated
        )
