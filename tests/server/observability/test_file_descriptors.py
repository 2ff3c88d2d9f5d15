"""File descriptors that run short."""

import asyncio
import os

import pytest

from actors.runtime.timer_wheel import TimerWheel
from server.observability import file_descriptors
from server.observability.file_descriptors import FileDescriptors, lowest_free_descriptor
from tests.until import until


async def test_a_shortage_is_two_lines(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One when descriptors run short and one when there are enough again."""
    monkeypatch.setattr(file_descriptors, "CHECK_INTERVAL_S", 0.01)
    wheel = TimerWheel(asyncio.get_running_loop(), tick_s=0.01)
    limit = lowest_free_descriptor(1_000_000) * 2 + 100
    watched = FileDescriptors(wheel, limit)
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(limit)]
    await until(lambda: watched.is_short)
    for descriptor in held:
        os.close(descriptor)
    await until(lambda: not watched.is_short)
    watched.close()
    wheel.close()
    assert watched.shortages == 1
    assert [record.message for record in caplog.records] == [
        "file descriptors nearly exhausted: new connections fail",
        "file descriptors are available again",
    ]
