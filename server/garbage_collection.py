"""Keeps Python's cyclic garbage collector from stopping the event loop for long.

A full collection visits every container object of the process: 50 ms for a thousand connections. After each
one the surviving objects are frozen (`gc.freeze`), so the next one visits only what was created since. Frozen
objects are freed as usual when their last reference goes. Only cycles among them stay, until all objects are
visited again, every `FULL_COLLECTION_INTERVAL_S`.
"""

import asyncio
import gc
from typing import Final

FULL_COLLECTION_INTERVAL_S: Final = 1800.0
OLDEST_GENERATION: Final = 2


class GarbageCollection:
    """Applies to the whole process, so there is one at a time."""

    def __init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Collect and freeze what exists, which mostly lives as long as the process."""
        gc.callbacks.append(self._on_collection)
        self._collect_all()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            gc.callbacks.remove(self._on_collection)
            gc.unfreeze()

    def _collect_all(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(FULL_COLLECTION_INTERVAL_S, self._collect_all)
        gc.unfreeze()
        gc.collect()

    def _on_collection(self, phase: str, info: dict[str, int]) -> None:
        if phase == "stop" and info["generation"] == OLDEST_GENERATION:
            gc.freeze()
