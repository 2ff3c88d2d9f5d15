"""Keeps one service's copies of people as the User service tells it, and forgets whom that deletes.

The newer version wins, in whatever order they come. It never asks for what it was not told: that is for
`People` and the comparison.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence

from actors.domain_events.event_types import UserDeleted, UserUpserted, decode_event
from storage.contracts.domain_events import CursorUpdate, OutboxEvent
from storage.contracts.user_cache import UserCache, UserSnapshot, UserSnapshotStore
from storage.errors import StorageError

_log = logging.getLogger(__name__)
RECONCILE_INTERVAL_S = 600.0
USERS_PER_PAGE = 1000


class UserCacheConsumer:
    """A `Consumer`. `forget` drops all that the service holds of a deleted user; it may be called again."""

    def __init__(
        self, service: str, user_cache: UserCache, remove_user: Callable[[str], Awaitable[None]]
    ) -> None:
        self._service = service
        self._user_cache = user_cache
        self._remove_user = remove_user

    @property
    def name(self) -> str:
        return f"{self._service}.copies"

    async def handle(self, events: Sequence[OutboxEvent], cursor_update: CursorUpdate | None) -> None:
        copies: list[UserSnapshot] = []
        for event in events:
            match decode_event(event):
                case UserUpserted() as user:
                    copies.append(
                        UserSnapshot(
                            user.id,
                            user.username,
                            user.display_name,
                            user.avatar_url,
                            user.verified,
                            user.version,
                        )
                    )
                case UserDeleted() as user:
                    copies.append(_tombstone(user.id, user.version))
        # First the mark that nothing brings them back, then what there is of them.
        gone = [copy.id for copy in copies if copy.deleted]
        if gone:
            await self._user_cache.apply([copy for copy in copies if copy.deleted], None)
        for user_id in gone:
            await self._remove_user(user_id)
        await self._user_cache.apply(copies, cursor_update)

    async def on_feed_reset(self) -> None:
        """Versions are the users' own: what comes again is no newer than what is here."""


class UserCacheReconciler:
    """Compares copies with their owner at intervals, in ranges of ids, and mends what differs.

    Runs on every instance at its own moment; mending twice harms nobody.
    """

    def __init__(self, user_snapshots: UserSnapshotStore, user_caches: Sequence[UserCache]) -> None:
        self._user_snapshots = user_snapshots
        self._user_caches = user_caches
        self._task: asyncio.Task[None] | None = None
        self.repaired_count = 0

    def start(self) -> None:
        self._task = asyncio.create_task(self._reconcile_periodically())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def reconcile(self) -> int:
        """Go through all once; answers how many copies were mended."""
        mended = 0
        for copies in self._user_caches:
            after = ""
            while here := await copies.page(after, USERS_PER_PAGE):
                mended += await self._reconcile_page(copies, here)
                after = here[-1].id
        self.repaired_count += mended
        return mended

    async def _reconcile_page(self, user_cache: UserCache, cached: Sequence[UserSnapshot]) -> int:
        theirs = {one.id: one for one in await self._user_snapshots.find([one.id for one in cached])}
        wrong: list[UserSnapshot] = []
        for copy in cached:
            owned = theirs.get(copy.id)
            if owned is None and not copy.deleted:
                wrong.append(_tombstone(copy.id, copy.version + 1))
            elif owned is not None and owned.version > copy.version:
                wrong.append(owned)
        if wrong:
            await user_cache.apply(wrong, None)
        return len(wrong)

    async def _reconcile_periodically(self) -> None:
        while True:
            await asyncio.sleep(RECONCILE_INTERVAL_S * random.uniform(0.5, 1.5))  # noqa: S311 - spreads load
            try:
                mended = await self.reconcile()
            except StorageError:
                _log.warning("copies could not be compared with their owner")
            else:
                if mended:
                    _log.warning("%d copies of people were mended", mended)


def _tombstone(user_id: str, version: int) -> UserSnapshot:
    return UserSnapshot(user_id, "deleted", None, None, verified=False, version=version, deleted=True)
