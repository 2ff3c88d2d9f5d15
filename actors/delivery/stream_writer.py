"""Appends frames to user streams, which reach all devices of a user on every instance.

A frame that cannot be appended while the broker is unavailable is not retried here. Users on this instance
are resynced at once; when the broker is back, all streams on that Redis server get a new epoch, which makes
their clients resync. If this instance stops before that, another one begins epochs everywhere; see
`stream_loss_record`. Callers that must deliver the frame itself keep it until `append` reports success.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from actors.delivery.stream_loss_record import StreamLossRecord
from actors.protocol.server_frames import StreamFrame, server_frame_encoder
from storage.contracts.user_streams import UserStreams
from storage.errors import Unavailable

_log = logging.getLogger(__name__)
CONCURRENT_APPENDS = 100
RESET_RETRY_DELAY_S = 0.2
RESET_RETRY_DELAY_MAX_S = 2.0
"""Below `UNCHANGED_S` of the sweeper, because the record of the loss changes with each attempt."""

POSITION_FIELD = b'"position":0'


class StreamWriter:
    def __init__(self, streams: UserStreams) -> None:
        self._streams = streams
        self._on_lost: Callable[[Sequence[str]], None] = lambda _user_ids: None
        self._on_reset: Callable[[], None] = lambda: None
        self._loss_record: StreamLossRecord | None = None
        self._loss_count = 0
        self._reset_task: asyncio.Task[None] | None = None
        self._recording: asyncio.Task[None] | None = None

    def set_loss_callbacks(
        self,
        on_lost: Callable[[Sequence[str]], None],
        on_reset: Callable[[], None],
        loss_record: StreamLossRecord | None = None,
    ) -> None:
        """Set what is called with the users who lost frames, and after a new epoch has begun.

        `loss_record` exists from a loss until the new epoch.
        """
        self._on_lost = on_lost
        self._on_reset = on_reset
        self._loss_record = loss_record

    async def close(self) -> None:
        if self._reset_task is not None:
            self._reset_task.cancel()
            await asyncio.gather(self._reset_task, return_exceptions=True)
        if self._recording is not None:
            # Without the record no other instance would begin the epoch.
            await asyncio.gather(self._recording, return_exceptions=True)

    async def append(self, user_ids: Sequence[str], frame: StreamFrame) -> bool:
        """Append a frame to the stream of each user. Return whether all appends succeeded.

        A failure does not keep the frame from the other users. `frame.position` must be 0; each stream sets
        its own. Does not raise `Unavailable`.
        """
        prefix, suffix = _split_at_position(frame)
        lost: list[str] = []
        for start in range(0, len(user_ids), CONCURRENT_APPENDS):
            batch = user_ids[start : start + CONCURRENT_APPENDS]
            appends = (self._streams.append(user_id, prefix, suffix) for user_id in batch)
            results = await asyncio.gather(*appends, return_exceptions=True)
            for user_id, result in zip(batch, results, strict=True):
                if isinstance(result, Unavailable):
                    lost.append(user_id)
                elif isinstance(result, BaseException):
                    raise result
        if lost:
            self._handle_loss(lost)
        return not lost

    def _handle_loss(self, user_ids: Sequence[str]) -> None:
        _log.debug("user stream frames lost; broker unavailable", extra={"frames": len(user_ids)})
        self._on_lost(user_ids)
        self._loss_count += 1
        if self._reset_task is None or self._reset_task.done():
            self._reset_task = asyncio.create_task(self._reset_streams())

    async def begin_epoch(self) -> None:
        """Start a new epoch everywhere, so that all clients resync. Raises `Unavailable`."""
        await self._streams.begin_epoch()
        self._on_reset()

    async def _reset_streams(self) -> None:
        """Start a new epoch as soon as the broker is available, and another one after losses meanwhile."""
        delay_s = RESET_RETRY_DELAY_S
        while True:
            covered = self._loss_count
            # Not waited for: the document store may be unavailable too.
            self._recording = asyncio.create_task(self._keep_loss_record())
            try:
                await self._streams.begin_epoch_after_loss()
            except Unavailable:
                await asyncio.gather(asyncio.shield(self._recording), asyncio.sleep(delay_s))
                delay_s = min(delay_s * 2, RESET_RETRY_DELAY_MAX_S)
                continue
            self._on_reset()
            await asyncio.shield(self._recording)
            if self._loss_record is not None:
                await self._loss_record.remove()
            if covered == self._loss_count:
                break

    async def _keep_loss_record(self) -> None:
        if self._loss_record is not None:
            await self._loss_record.keep()


def _split_at_position(frame: StreamFrame) -> tuple[bytes, bytes]:
    """Encode a frame and split it where the stream inserts the position."""
    assert frame.position == 0
    encoded = server_frame_encoder.encode(frame)
    prefix, _, suffix = encoded.partition(POSITION_FIELD)
    return prefix + POSITION_FIELD[:-1], suffix
