"""Tokens that expire while their connections are open."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from actors.runtime.timer_wheel import TimerWheel
from actors.sessions.token_expiry import TokenExpiryChecker
from tests.actors.fake_client import FakeClient, identity
from tests.actors.fake_cluster import ANA, BEN, FAST_LIMITS, FakeCluster
from tests.until import until

PERIOD_S = 0.02


@pytest.fixture
async def cluster() -> AsyncIterator[FakeCluster]:
    cluster = FakeCluster()
    yield cluster
    await cluster.close()


class FakeTokenStore:
    """Expiry times by user, and the number of lookups."""

    def __init__(self) -> None:
        self.expires: dict[str, datetime] = {}
        self.calls = 0

    async def expires_at(self, user_id: str, session_id: str) -> datetime | None:
        assert session_id == f"session of {user_id}"
        self.calls += 1
        return self.expires.get(user_id)


async def test_socket_is_closed_when_its_token_expires(cluster: FakeCluster) -> None:
    """An expired token closes with 4502; one extended by use keeps its connection."""
    core = await cluster.start_instance(FAST_LIMITS)
    now = datetime.now(UTC)
    ana, ben = FakeClient(core), FakeClient(core)
    for client, user_id in ((ana, ANA), (ben, BEN)):
        client.ref.deliver_inline(msgspec.structs.replace(identity(user_id), expires_at=now))
    await until(lambda: ana.received("ready") and ben.received("ready"))
    store = FakeTokenStore()
    store.expires[BEN] = now + timedelta(hours=1)
    wheel = TimerWheel(asyncio.get_running_loop(), PERIOD_S / 2)
    checker = TokenExpiryChecker(core.online_users, store.expires_at, wheel, PERIOD_S)
    checker.start()

    await until(lambda: ana.close_code)
    await until(lambda: store.calls >= 2)
    calls = store.calls
    await until(lambda: len(wheel))

    assert ana.close_code == 4502
    assert ben.close_code == 0
    assert ben.session.expires_at == store.expires[BEN].timestamp()
    assert store.calls == calls
    await checker.close()
    wheel.close()
    ben.session.on_disconnect()
