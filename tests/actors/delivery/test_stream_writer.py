"""Frames of user streams that cannot be appended."""

from collections.abc import Sequence

import pytest

from actors.delivery import stream_writer
from actors.delivery.stream_writer import StreamWriter
from actors.protocol.server_frames import ConversationLeft
from storage.memory.bus import MemoryBroker
from storage.memory.user_streams import MemoryUserStreams
from tests.until import until

ANA, BEN, CYD = "ana", "ben", "cyd"


async def test_failed_append_does_not_lose_the_frames_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Users on a server that works get the frame, whatever happened before it in the list."""
    monkeypatch.setattr(stream_writer, "CONCURRENT_APPENDS", 1)
    streams = MemoryUserStreams(MemoryBroker())
    writer = StreamWriter(streams)
    lost: list[str] = []
    resets: list[None] = []
    positions: list[int] = []

    def on_lost(user_ids: Sequence[str]) -> None:
        lost.extend(user_ids)
        positions.extend(streams._heads.get(user_id, 0) for user_id in (ANA, BEN, CYD))

    writer.set_loss_callbacks(on_lost, lambda: resets.append(None))
    streams.fail_next(after_append=False)

    assert not await writer.append([ANA, BEN, CYD], ConversationLeft(0, "0" * 24))

    assert lost == [ANA]
    assert positions == [0, 1, 1]
    await until(lambda: resets)
    await writer.close()


async def test_reset_that_ended_with_an_error_is_made_after_the_next_loss() -> None:
    """An error of another kind than an outage does not keep clients from their `resync` for ever."""
    streams = MemoryUserStreams(MemoryBroker())
    writer = StreamWriter(streams)
    resets: list[None] = []
    failures: list[Exception] = [RuntimeError("unexpected")]

    def on_reset() -> None:
        if failures:
            raise failures.pop()
        resets.append(None)

    writer.set_loss_callbacks(lambda _user_ids: None, on_reset)
    streams.fail_next(after_append=False)
    assert not await writer.append([ANA], ConversationLeft(0, "0" * 24))
    first = writer._reset_task
    assert first is not None
    await until(first.done)
    assert isinstance(first.exception(), RuntimeError)
    streams.fail_next(after_append=False)
    assert not await writer.append([ANA], ConversationLeft(0, "0" * 24))

    await until(lambda: resets)
    await writer.close()
