"""Writing to the users' own streams: what reaches all devices of one user on every instance.

What can not be told while the broker is away is lost, and that is told: at once to those who are here,
and on its return to everybody, by a new epoch of all streams. It never raises for want of the broker, and
never tries a frame twice.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from actors.protocol.server_frames import StreamFrame, server_frame_encoder
from storage.contracts.user_streams import UserStreams
from storage.errors import Unavailable

_log = logging.getLogger(__name__)
CONCURRENT_APPENDS = 100
RESET_RETRY_DELAY_S = 0.2
RESET_RETRY_DELAY_MAX_S = 5.0
POSITION_FIELD = b'"position":0'


class StreamWriter:
    def __init__(self, streams: UserStreams) -> None:
        self._streams = streams
        self._on_lost: Callable[[Sequence[str]], None] = lambda _user_ids: None
        self._on_reset: Callable[[], None] = lambda: None
        self._reset_task: asyncio.Task[None] | None = None

    def on_loss(self, on_lost: Callable[[Sequence[str]], None], on_reset: Callable[[], None]) -> None:
        """`lost` is called with the users who were to be told; `renewed` once a new epoch has begun."""
        self._on_lost = on_lost
        self._on_reset = on_reset

    async def close(self) -> None:
        if self._reset_task is not None:
            self._reset_task.cancel()
            await asyncio.gather(self._reset_task, return_exceptions=True)

    async def append(self, user_ids: Sequence[str], frame: StreamFrame) -> None:
        """Tell those users; the frame's position is the stream's to give."""
        head, tail = _split_at_position(frame)
        for start in range(0, len(user_ids), CONCURRENT_APPENDS):
            some = user_ids[start : start + CONCURRENT_APPENDS]
            appends = (self._streams.append(user_id, head, tail) for user_id in some)
            failed = [
                one
                for one in await asyncio.gather(*appends, return_exceptions=True)
                if isinstance(one, BaseException)
            ]
            for one in failed:
                if not isinstance(one, Unavailable):
                    raise one
            if failed:
                self._handle_loss(user_ids[start:])
                return

    def _handle_loss(self, user_ids: Sequence[str]) -> None:
        _log.warning("stream frames were lost with the broker", extra={"frames": len(user_ids)})
        self._on_lost(user_ids)
        if self._reset_task is None:
            self._reset_task = asyncio.create_task(self._reset_streams())

    async def _reset_streams(self) -> None:
        """Begin a new epoch as soon as the broker takes it."""
        delay_s = RESET_RETRY_DELAY_S
        while True:
            try:
                await self._streams.reset()
            except Unavailable:
                await asyncio.sleep(delay_s)
                delay_s = min(delay_s * 2, RESET_RETRY_DELAY_MAX_S)
            else:
                break
        self._reset_task = None
        self._on_reset()


def _split_at_position(frame: StreamFrame) -> tuple[bytes, bytes]:
    """A frame encoded around its position, which only the stream knows."""
    assert frame.position == 0
    encoded = server_frame_encoder.encode(frame)
    head, _, tail = encoded.partition(POSITION_FIELD)
    return head + POSITION_FIELD[:-1], tail
