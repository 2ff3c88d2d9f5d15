"""Where frames leave the client: a callback, or a bounded queue that somebody iterates.

Frames leave in the order in which they were put. While the queue is full the one who puts waits, so a
reader that stands still is noticed by the server, which then spares it frames; they are fetched later.
It never drops a frame that it took.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence

from actors.protocol.server_frames import ServerFrame
from client.errors import Ended

_log = logging.getLogger(__name__)
OnFrame = Callable[[ServerFrame], None]


class Outlet:
    def __init__(self, on_frame: OnFrame | None, frames_waiting: int) -> None:
        self._on_frame = on_frame
        self._frames_waiting = frames_waiting
        self._frames: deque[ServerFrame] | None = None
        self._turn = asyncio.Lock()
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._ended: Ended | None = None

    async def put(self, frames: Sequence[ServerFrame]) -> None:
        """Hand these on, behind all that was put before."""
        if not frames:
            return
        async with self._turn:
            for frame in frames:
                if self._on_frame is not None:
                    self._call(self._on_frame, frame)
                if self._frames is not None:
                    while len(self._frames) >= self._frames_waiting:
                        self._room.clear()
                        await self._room.wait()
                    self._frames.append(frame)
                    self._changed.set()

    def _call(self, on_frame: OnFrame, frame: ServerFrame) -> None:
        try:
            on_frame(frame)
        except Exception:  # noqa: BLE001
            # Its fault, not the connection's: the frames after this one are still wanted.
            _log.exception("a callback for frames failed")

    def end(self, ended: Ended) -> None:
        """Nothing more comes."""
        self._ended = ended
        self._changed.set()

    def frames(self) -> AsyncIterator[ServerFrame]:
        """All that is put from now on. Ends with `Ended`, once everything before was taken."""
        if self._frames is None:
            self._frames = deque()
        return self._iterate(self._frames)

    async def _iterate(self, frames: deque[ServerFrame]) -> AsyncIterator[ServerFrame]:
        while True:
            while not frames:
                if self._ended is not None:
                    raise self._ended
                self._changed.clear()
                await self._changed.wait()
            frame = frames.popleft()
            self._room.set()
            yield frame
