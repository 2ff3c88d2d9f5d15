"""Probes without a server."""

import asyncio

from storage.redis.loopback_probe import LoopbackProbe
from tests.until import until


async def test_forgotten_probe_that_arrives_ends_its_check() -> None:
    """Probes in flight are forgotten after a pause of the process, which no check has to wait for again."""
    sent: list[bytes] = []
    probe = LoopbackProbe(lambda _topic, message: sent.append(message))
    checking = asyncio.create_task(probe.check(timeout_s=30.0))
    await until(lambda: sent)

    probe.discard_in_flight()
    probe.on_message(sent[0])
    await until(checking.done)

    await checking
    assert probe.in_flight_s() == 0.0
