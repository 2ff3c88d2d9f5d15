"""Delivers frames to the application: through a callback, a bounded queue for iteration, or both.

Frames are delivered in the order in which they were put. While the queue is full, `put` waits and the
client stops reading. The server then skips frames for this client, and the client fetches them later.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence

from actors.protocol.server_frames import ServerFrame
from client.errors import ClientClosed

_log = logging.getLogger(__name__)
OnFrame = Callable[[ServerFrame], None]


class FrameSink:
    def __init__(self, on_frame: OnFrame | None, queued_frames_max: int) -> None:
        self._on_frame = on_frame
        self._queued_frames_max = queued_frames_max
        self._frames: deque[ServerFrame] | None = None
        self._put_lock = asyncio.Lock()
        self._frame_available = asyncio.Event()
        self._space_available = asyncio.Event()
        self._closed_error: ClientClosed | None = None

    async def put(self, frames: Sequence[ServerFrame]) -> None:
        """Deliver the frames after all frames put before."""
        if not frames:
            return
        async with self._put_lock:
            for frame in frames:
                if self._on_frame is not None:
                    self._invoke_callback(self._on_frame, frame)
                if self._frames is not None:
                    while len(self._frames) >= self._queued_frames_max:
                        self._space_available.clear()
                        await self._space_available.wait()
                    self._frames.append(frame)
                    self._frame_available.set()

    def _invoke_callback(self, on_frame: OnFrame, frame: ServerFrame) -> None:
        try:
            on_frame(frame)
        except Exception:  # noqa: BLE001
            # A faulty callback must not stop the delivery of later frames.
            _log.exception("on_frame callback raised an exception")

    def close(self, error: ClientClosed) -> None:
        """End the iteration of `frames` with `error`, after the queued frames."""
        self._closed_error = error
        self._frame_available.set()

    def frames(self) -> AsyncIterator[ServerFrame]:
        """Iterate over the frames put since the first call. Raises `ClientClosed` after the last one.

        Of several iterators each frame goes to one.
        """
        if self._frames is None:
            self._frames = deque()
        return self._iterate(self._frames)

    async def _iterate(self, frames: deque[ServerFrame]) -> AsyncIterator[ServerFrame]:
        while True:
            while not frames:
                if self._closed_error is not None:
                    raise self._closed_error
                self._frame_available.clear()
                await self._frame_available.wait()
            frame = frames.popleft()
            self._space_available.set()
            yield frame
