"""Compares the blocks that this instance knows with the store, because the bus may lose messages.

The bus reports at once when one of two users blocks the other: their cached result is dropped, and they no
longer watch each other's presence. An instance that is cut off from the bus finds the block here, within the
interval of a comparison. So does one where a watch was being looked up when the block was reported.
"""

import time
from collections.abc import Callable

from actors.runtime.periodic_job import PeriodicJob
from actors.social.block_service import BlockService
from storage.contracts.social import SocialStore

OVERLAP_S = 10.0
"""Reads blocks of the last seconds again: a transaction may commit that much later than it began."""

BLOCKS_PER_READ = 2000


class BlockComparison:
    def __init__(
        self,
        store: SocialStore,
        block_service: BlockService,
        interval_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._block_service = block_service
        self._clock = clock
        self._last_started_at: float | None = None
        self.on_blocked: Callable[[str, str], None] = lambda _user_id, _other_id: None
        """Called with each pair that was blocked lately; several times for a pair."""
        # A failed run leaves `compared_at`; once that is too old, results are cached for `cache_ttl_s` only.
        self._job = PeriodicJob("comparison of blocks", self.compare, interval_s)

    def start(self) -> None:
        self._job.start()

    async def close(self) -> None:
        await self._job.close()

    async def compare(self) -> None:
        """Drop cached pairs that were blocked since the last comparison, and report them.

        Raises `StorageError`.
        """
        started_at = self._clock()
        since_s = (
            OVERLAP_S if self._last_started_at is None else started_at - self._last_started_at + OVERLAP_S
        )
        pairs = await self._store.recent_blocks(since_s, BLOCKS_PER_READ)
        if len(pairs) == BLOCKS_PER_READ:
            self._block_service.invalidate_all()
        for user_id, other_id in pairs:
            self._block_service.invalidate(user_id, other_id)
            self.on_blocked(user_id, other_id)
        self._last_started_at = started_at
        self._block_service.compared_at = started_at
