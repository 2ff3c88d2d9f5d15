"""Readiness without stores."""

import asyncio

from prometheus_client import CollectorRegistry

from actors.conversations.unanswered_commands import CommandStatistics
from server.observability import health
from server.observability.health import Health, check_sends
from tests.until import until


async def test_not_ready_while_a_send_is_unanswered() -> None:
    """For longer than `UNANSWERED_SEND_S`; ready again after the answer."""
    oldest_age_s = health.UNANSWERED_SEND_S
    endpoints = Health(
        {"sends": check_sends(lambda: CommandStatistics(1, oldest_age_s, 0))}, CollectorRegistry()
    )
    assert (await endpoints.readiness()).ready
    endpoints._cached = None
    oldest_age_s += 0.1
    assert (await endpoints.readiness()).checks == {"sends": "unavailable"}
    endpoints._cached = None
    oldest_age_s = 0.0
    assert (await endpoints.readiness()).ready


async def test_requests_share_the_checks_that_run() -> None:
    """A store that answers slowly is not asked again by each of them."""
    started, respond = 0, asyncio.Event()

    async def check() -> None:
        nonlocal started
        started += 1
        await respond.wait()

    endpoints = Health({"slow": check}, CollectorRegistry())
    requests = [asyncio.create_task(endpoints.readiness()) for _ in range(5)]
    await until(lambda: started)
    respond.set()

    assert all(readiness.ready for readiness in await asyncio.gather(*requests))
    assert started == 1
