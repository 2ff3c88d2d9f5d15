"""Compares the rooms of this instance with their logs periodically, because the bus may lose messages.

The bus makes delivery fast; this makes it complete. An instance that is cut off from the bus may acknowledge
messages and stop before it can announce them. Other instances then find these messages here, within
`COMPARE_PERIOD_S` and the reads.
"""

import asyncio
import itertools
import logging
from functools import partial

from actors.delivery.rooms import LogFrameReader, Rooms
from actors.retries import retry_until_available
from actors.runtime.task_pool import TaskPool
from storage.errors import Unavailable

_log = logging.getLogger(__name__)
COMPARE_PERIOD_S = 4.0
"""Time in which every room is compared once. With the reads, a lost entry arrives within 6 s, as promised."""

SLICES = 8
"""Parts of a period. With 10,000 rooms, each is one lookup of about 1,250 ids."""

COMPARE_NOW_ROOMS = 500
"""Rooms per lookup of a comparison after lost bus messages."""


class HeadComparison:
    def __init__(self, rooms: Rooms, log_reader: LogFrameReader) -> None:
        self._rooms = rooms
        self._log_reader = log_reader
        self._requested = asyncio.Event()
        self._tasks = TaskPool("head comparison")

    def start(self) -> None:
        self._tasks.spawn(self._run())

    async def close(self) -> None:
        await self._tasks.cancel()

    def compare_now(self) -> None:
        """Compare all rooms as soon as possible, after bus messages may have been lost."""
        self._requested.set()

    async def _run(self) -> None:
        for number in itertools.cycle(range(SLICES)):
            is_requested = await self._wait_for_request(COMPARE_PERIOD_S / SLICES)
            try:
                if is_requested:
                    self._requested.clear()
                    await self._compare_all()
                else:
                    await self._compare(self._slice(number))
            except Unavailable:
                _log.debug("rooms could not be compared; their slice is compared again in the next period")
            except Exception:  # noqa: BLE001 - without comparisons messages would stay hidden
                _log.exception("rooms could not be compared with their logs")

    def _slice(self, number: int) -> list[str]:
        """Return one of `SLICES` parts of the open rooms. Which part a room is in depends on its id alone."""
        return [id_ for id_ in self._rooms.open_conversation_ids() if hash(id_) % SLICES == number]

    async def _wait_for_request(self, timeout_s: float) -> bool:
        try:
            async with asyncio.timeout(timeout_s):
                await self._requested.wait()
        except TimeoutError:
            return False
        return True

    async def _compare_all(self) -> None:
        conversation_ids = self._rooms.open_conversation_ids()
        for start in range(0, len(conversation_ids), COMPARE_NOW_ROOMS):
            await retry_until_available(
                partial(self._compare, conversation_ids[start : start + COMPARE_NOW_ROOMS])
            )

    async def _compare(self, conversation_ids: list[str]) -> None:
        """Compare some rooms. Raises `Unavailable`."""
        current = [
            (conversation_id, delivered_seq)
            for conversation_id in conversation_ids
            if (delivered_seq := self._rooms.delivered_seq(conversation_id)) >= 0
        ]
        if not current:
            return
        heads = await self._log_reader.read_heads(current)
        for conversation_id, delivered_seq in current:
            # Nearly all are equal.
            if heads[conversation_id] != delivered_seq:
                self._rooms.observe_head(conversation_id, heads[conversation_id])
