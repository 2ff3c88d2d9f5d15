"""Computes missing search words of rows that instances of earlier versions have written."""

import asyncio
import logging
from collections.abc import Mapping
from functools import partial
from typing import Final

from actors.runtime.periodic_job import PeriodicJob, run_all
from storage.contracts.search_index import SearchIndex

_log = logging.getLogger(__name__)
INTERVAL_S: Final = 5.0
BATCH_ROWS: Final = 200
PAUSE_S: Final = 0.05
"""Pause between batches, so that a large backlog does not delay other work."""


class SearchIndexer:
    """Runs on every instance; instances share the work."""

    def __init__(self, indexes: Mapping[str, SearchIndex], interval_s: float = INTERVAL_S) -> None:
        self._indexes = indexes
        self._job = PeriodicJob("computing of search words", self.index_all, interval_s)
        self.indexed_count = 0

    def start(self) -> None:
        self._job.start()

    async def close(self) -> None:
        await self._job.close()

    async def index_all(self) -> int:
        """Compute all missing words, batch by batch. Returns how many rows had none.

        Raises:
            StorageError: of a service; the words of the others are computed.
        """
        before = self.indexed_count
        await run_all(partial(self._index, service, index) for service, index in self._indexes.items())
        return self.indexed_count - before

    async def _index(self, service: str, index: SearchIndex) -> None:
        indexed, after = 0, ""
        while ids := await index.index_missing(after, BATCH_ROWS):
            indexed += len(ids)
            after = ids[-1]
            if len(ids) == BATCH_ROWS:
                await asyncio.sleep(PAUSE_S)
        if indexed:
            _log.info("search words of %d rows computed in %s", indexed, service)
        self.indexed_count += indexed
