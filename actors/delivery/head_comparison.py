"""Compares the rooms of this instance with their logs, whatever the bus delivered.

The bus makes delivery fast; this makes it complete. An instance that is cut off from the bus may acknowledge
messages and die before it can announce them. Other instances then find these messages here, within
`COMPARE_PERIOD_S` and one read.
"""

import asyncio
import contextlib
import math

from actors.delivery.rooms import LogFrameReader, Rooms
from storage.errors import Unavailable

COMPARE_PERIOD_S = 4.0
"""Time in which every room is compared once. The contract promises six seconds."""

SLICES = 8
"""Parts of a period. A slice of 10,000 rooms is one lookup of 1,250 ids."""


class HeadComparison:
    def __init__(self, rooms: Rooms, log_reader: LogFrameReader) -> None:
        self._rooms = rooms
        self._log_reader = log_reader
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            conversation_ids = self._rooms.open_conversation_ids()
            size = math.ceil(len(conversation_ids) / SLICES)
            for number in range(SLICES):
                await asyncio.sleep(COMPARE_PERIOD_S / SLICES)
                await self._compare(conversation_ids[number * size : (number + 1) * size])

    async def _compare(self, conversation_ids: list[str]) -> None:
        """Compare one slice. A slice that cannot be read is compared again in the next period."""
        current = [
            (conversation_id, position)
            for conversation_id in conversation_ids
            if (position := self._rooms.position(conversation_id)) >= 0
        ]
        if not current:
            return
        with contextlib.suppress(Unavailable):
            for conversation_id, head in (await self._log_reader.read_heads(current)).items():
                self._rooms.observe_head(conversation_id, head)
