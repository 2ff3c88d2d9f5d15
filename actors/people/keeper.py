"""Keeps one service's copies of people as the User service tells it, and forgets whom that deletes.

The newer version wins, in whatever order they come. It never asks for what it was not told: that is for
`People` and the comparison.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence

from actors.sync.happenings import UserDeleted, UserStands, happening
from storage.contracts.user_cache import UserCache, UserSnapshotStore
from storage.errors import StorageError
from storage.records.domain_events import CursorUpdate, OutboxEvent
from storage.records.user_cache import UserSnapshot

_log = logging.getLogger(__name__)
COMPARE_S = 600.0
COMPARED_AT_ONCE = 1000


class CopyKeeper:
    """A `Consumer`. `forget` drops all that the service holds of a deleted user; it may be called again."""

    def __init__(self, service: str, copies: UserCache, forget: Callable[[str], Awaitable[None]]) -> None:
        self._service = service
        self._copies = copies
        self._forget = forget

    @property
    def name(self) -> str:
        return f"{self._service}.copies"

    async def take(self, events: Sequence[OutboxEvent], step: CursorUpdate | None) -> None:
        copies: list[UserSnapshot] = []
        for event in events:
            match happening(event):
                case UserStands() as user:
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
            await self._copies.apply([copy for copy in copies if copy.deleted], None)
        for user_id in gone:
            await self._forget(user_id)
        await self._copies.apply(copies, step)

    async def anew(self) -> None:
        """Versions are the users' own: what comes again is no newer than what is here."""


class Comparison:
    """Compares copies with their owner at intervals, in ranges of ids, and mends what differs.

    Runs on every instance at its own moment; mending twice harms nobody.
    """

    def __init__(self, owner: UserSnapshotStore, copies: Sequence[UserCache]) -> None:
        self._owner = owner
        self._copies = copies
        self._task: asyncio.Task[None] | None = None
        self.mended = 0

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def compare(self) -> int:
        """Go through all once; answers how many copies were mended."""
        mended = 0
        for copies in self._copies:
            after = ""
            while here := await copies.page(after, COMPARED_AT_ONCE):
                mended += await self._compare(copies, here)
                after = here[-1].id
        self.mended += mended
        return mended

    async def _compare(self, copies: UserCache, here: Sequence[UserSnapshot]) -> int:
        theirs = {one.id: one for one in await self._owner.find([one.id for one in here])}
        wrong: list[UserSnapshot] = []
        for copy in here:
            owned = theirs.get(copy.id)
            if owned is None and not copy.deleted:
                wrong.append(_tombstone(copy.id, copy.version + 1))
            elif owned is not None and owned.version > copy.version:
                wrong.append(owned)
        if wrong:
            await copies.apply(wrong, None)
        return len(wrong)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(COMPARE_S * random.uniform(0.5, 1.5))  # noqa: S311 - spreads load
            try:
                mended = await self.compare()
            except StorageError:
                _log.warning("copies could not be compared with their owner")
            else:
                if mended:
                    _log.warning("%d copies of people were mended", mended)


def _tombstone(user_id: str, version: int) -> UserSnapshot:
    return UserSnapshot(user_id, "deleted", None, None, verified=False, version=version, deleted=True)
