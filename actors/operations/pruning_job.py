"""Deletes rows that are past their retention, in bounded batches, on one instance at a time."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial

import msgspec

from actors.runtime.periodic_job import PeriodicJob, run_all
from config.retention import PRUNING_BATCH_ROWS, PRUNING_BATCHES_PER_RUN, PRUNING_INTERVAL_S
from storage.contracts.locks import Locks
from storage.contracts.pruning import PrunableTable

LOCK = "pruning"


class PruningStatistics(msgspec.Struct, frozen=True):
    """Rows deleted by this instance, by table, and the Unix time of its last complete run (0: none)."""

    rows: Mapping[str, int]
    completed_at_s: float


class PruningJob:
    """Runs every `PRUNING_INTERVAL_S` on the instance that holds the lock."""

    def __init__(self, tables: Sequence[PrunableTable], locks: Locks) -> None:
        self._tables = tables
        self._locks = locks
        self._rows: Counter[str] = Counter({table.name: 0 for table in tables})
        self._completed_at_s = 0.0
        self._job = PeriodicJob("pruning", self.run, PRUNING_INTERVAL_S, waits_first=True)

    def start(self) -> None:
        self._job.start()

    async def close(self) -> None:
        await self._job.close()

    def statistics(self) -> PruningStatistics:
        return PruningStatistics(dict(self._rows), self._completed_at_s)

    async def run(self) -> None:
        """Prune all tables, unless another instance holds the lock. Raises `StorageError`."""
        if not await self._locks.try_acquire(LOCK):
            return
        await run_all(partial(self._prune, table) for table in self._tables)
        self._completed_at_s = time.time()

    async def _prune(self, table: PrunableTable) -> None:
        # Bounded, so that one large table does not keep the others waiting; the rest goes at the next run.
        for _ in range(PRUNING_BATCHES_PER_RUN):
            deleted = await table.prune(PRUNING_BATCH_ROWS)
            self._rows[table.name] += deleted
            if deleted < PRUNING_BATCH_ROWS:
                return
