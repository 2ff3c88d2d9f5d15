"""A deadline ends what takes too long, and nothing else."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from actors.runtime.deadline import Deadline
from actors.runtime.wheel import Wheel


@pytest.fixture
async def wheel() -> AsyncIterator[Wheel]:
    wheel = Wheel(asyncio.get_running_loop(), tick_s=0.005)
    yield wheel
    wheel.close()


async def test_what_takes_too_long_is_ended(wheel: Wheel) -> None:
    """It raises, the task goes on, and is not left half cancelled."""
    with pytest.raises(TimeoutError), Deadline(wheel, 0.01) as deadline:
        await asyncio.Event().wait()
    assert deadline.expired
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    await asyncio.sleep(0)


async def test_what_is_done_in_time_is_left_alone(wheel: Wheel) -> None:
    """Nothing comes of the deadline once it is left."""
    with Deadline(wheel, 0.01) as deadline:
        await asyncio.sleep(0)
    later = asyncio.Event()
    wheel.after(0.05, later.set)
    await later.wait()
    assert not deadline.expired


async def test_a_timeout_of_what_is_done_is_its_own(wheel: Wheel) -> None:
    """`expired` tells them apart."""
    with pytest.raises(TimeoutError), Deadline(wheel, 60) as deadline:
        raise TimeoutError
    assert not deadline.expired


async def test_one_who_is_cancelled_meanwhile_stays_cancelled(wheel: Wheel) -> None:
    """The deadline takes back only what it did itself."""

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


async def test_who_is_cancelled_before_it_is_due_raises_no_timeout(wheel: Wheel) -> None:
    """A client that goes away is no late answer."""
    entered = asyncio.Event()

    async def wait() -> None:
        with Deadline(wheel, 60):
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
