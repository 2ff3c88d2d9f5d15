"""A deadline cancels a block that takes too long."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from actors.runtime.deadline import Deadline
from actors.runtime.timer_wheel import TimerWheel


@pytest.fixture
async def wheel() -> AsyncIterator[TimerWheel]:
    wheel = TimerWheel(asyncio.get_running_loop(), tick_s=0.005)
    yield wheel
    wheel.close()


async def test_expired_deadline_raises_timeout_error(wheel: TimerWheel) -> None:
    """The block raises, and the task is not left cancelled."""
    with pytest.raises(TimeoutError), Deadline(wheel, 0.01) as deadline:
        await asyncio.Event().wait()
    assert deadline.expired
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    await asyncio.sleep(0)


async def test_work_done_in_time_is_not_cancelled(wheel: TimerWheel) -> None:
    """The timer is cancelled when the block ends."""
    with Deadline(wheel, 0.01) as deadline:
        await asyncio.sleep(0)
    later = asyncio.Event()
    wheel.call_later(0.05, later.set)
    await later.wait()
    assert not deadline.expired


async def test_inner_timeout_does_not_set_expired(wheel: TimerWheel) -> None:
    """`expired` distinguishes a TimeoutError raised inside the block."""
    with pytest.raises(TimeoutError), Deadline(wheel, 60) as deadline:
        raise TimeoutError
    assert not deadline.expired


async def test_outer_cancellation_after_expiry_is_kept(wheel: TimerWheel) -> None:
    """The deadline only takes back its own cancellation."""

    async def wait() -> None:
        with Deadline(wheel, 0.01) as deadline:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                assert deadline.expired
                me = asyncio.current_task()
                assert me is not None
                me.cancel()
                raise

    task = asyncio.create_task(wait())
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def test_cancellation_before_expiry_is_not_a_timeout(wheel: TimerWheel) -> None:
    """Cancellation by a disconnecting client is not reported as a timeout."""
    joined = asyncio.Event()

    async def wait() -> None:
        with Deadline(wheel, 60):
            joined.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await joined.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
