"""Timers set by timers: the wheel goes on to the next one due, whoever set it last."""

import asyncio

from actors.runtime.wheel import Wheel
from tests.until import until

TICK_S = 0.01


async def test_a_far_timer_set_while_firing_delays_no_near_one() -> None:
    """The near one is late by a tick at most, whatever was set behind it."""
    loop = asyncio.get_running_loop()
    wheel = Wheel(loop, TICK_S)
    fired: list[float] = []
    began = loop.time()
    wheel.after(0.1, lambda: fired.append(loop.time() - began))

    def set_a_far_one() -> None:
        wheel.after(20.0, lambda: None)

    wheel.after(0.02, set_a_far_one)
    await until(lambda: fired, 3.0)
    wheel.close()

    assert 0.1 <= fired[0] < 0.5
