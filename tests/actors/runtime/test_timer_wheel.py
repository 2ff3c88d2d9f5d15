"""The timer wheel: no timer is early or more than a tick late, and an empty wheel does nothing."""

import asyncio
from collections.abc import Iterator

import pytest

from actors.runtime.timer_wheel import TimerWheel
from tests.until import until

TICK_S = 0.01


@pytest.fixture
async def wheel() -> TimerWheel:
    return TimerWheel(asyncio.get_running_loop(), TICK_S)


@pytest.fixture(autouse=True)
def close_wheel(wheel: TimerWheel) -> Iterator[None]:
    yield
    wheel.close()


async def test_timer_never_fires_early(wheel: TimerWheel) -> None:
    """A timer fires after its delay, rounded up to a tick."""
    loop = asyncio.get_running_loop()
    fired: list[float] = []
    began = loop.time()
    for delay_s in (0.0, 0.005, 0.03):
        wheel.call_later(delay_s, lambda delay_s=delay_s: fired.append(loop.time() - began - delay_s))  # type: ignore[misc]
    await until(lambda: len(fired) == 3)

    assert all(late_s >= 0 for late_s in fired)


async def test_timers_fire_in_tick_order(wheel: TimerWheel) -> None:
    """Timers fire in order of their due time, not of creation."""
    order: list[str] = []
    wheel.call_later(0.05, lambda: order.append("late"))
    wheel.call_later(0.01, lambda: order.append("early"))
    await until(lambda: len(order) == 2)

    assert order == ["early", "late"]


async def test_cancelled_timer_never_fires(wheel: TimerWheel) -> None:
    """Cancelling prevents the callback, and may be repeated."""
    fired: list[str] = []
    timer = wheel.call_later(0.01, lambda: fired.append("x"))
    timer.cancel()
    timer.cancel()
    wheel.call_later(0.03, lambda: fired.append("last"))
    await until(lambda: fired)

    assert fired == ["last"]


async def test_timer_set_by_a_callback_fires(wheel: TimerWheel) -> None:
    """A callback can set the next timer."""
    count = 0

    def again() -> None:
        nonlocal count
        count += 1
        if count < 5:
            wheel.call_later(0.0, again)

    again()
    await until(lambda: count == 5)


async def test_failing_callback_does_not_stop_other_timers(
    wheel: TimerWheel, caplog: pytest.LogCaptureFixture
) -> None:
    """The other timers of the tick fire, and the failure is logged."""
    fired: list[str] = []

    def fail() -> None:
        raise RuntimeError("x")

    wheel.call_later(0.0, fail)
    wheel.call_later(0.0, lambda: fired.append("x"))
    await until(lambda: fired)

    assert "timer callback failed" in caplog.text


async def test_empty_wheel_holds_no_loop_timer(wheel: TimerWheel) -> None:
    """Without timers no event loop timer is armed."""
    fired: list[str] = []
    wheel.call_later(0.0, lambda: fired.append("x"))
    await until(lambda: fired)

    assert wheel._handle is None
    assert len(wheel) == 0
