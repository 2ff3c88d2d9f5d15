"""Tokens that expire while their connections are open."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from actors.core import Core
from actors.runtime.timer_wheel import TimerWheel
from actors.sessions import token_expiry
from actors.sessions.token_expiry import TokenExpiryChecker
from storage.contracts.users import SessionState
from storage.errors import Unavailable
from tests.actors.fake_client import FakeClient, identity
from tests.actors.fake_cluster import ANA, BEN, FAST_LIMITS, FakeCluster
from tests.until import until

PERIOD_S = 0.02


class FakeSessionTable:
    """Expiry times by session id, and the lookups."""

    def __init__(self) -> None:
        self.expirations: dict[str, datetime] = {}
        self.lookups: list[Sequence[str]] = []
        self.is_available = True

    async def load(self, session_ids: Sequence[str]) -> Mapping[str, SessionState]:
        self.lookups.append(session_ids)
        if not self.is_available:
            raise Unavailable
        return {one: SessionState(self.expirations[one]) for one in session_ids if one in self.expirations}


@dataclass
class Setup:
    core: Core
    ana: FakeClient
    ben: FakeClient
    table: FakeSessionTable

    async def check(self) -> None:
        """Run the checker until it has looked up all sessions again."""
        wheel = TimerWheel(asyncio.get_running_loop(), PERIOD_S / 2)
        checker = TokenExpiryChecker(self.core.online_users, self.table.load, wheel, PERIOD_S)
        checker.start()
        before = len(self.table.lookups)
        await until(
            lambda: len(self.table.lookups) >= before + 2 or not self.core.online_users.login_session_ids()
        )
        await checker.close()
        wheel.close()


@pytest.fixture
async def setup(cluster: FakeCluster) -> AsyncIterator[Setup]:
    core = await cluster.start_instance(FAST_LIMITS)
    table = FakeSessionTable()
    in_an_hour = datetime.now(UTC) + timedelta(hours=1)
    clients = []
    for user_id in (ANA, BEN):
        client = FakeClient(core)
        table.expirations[f"session of {user_id}"] = in_an_hour
        client.ref.deliver_inline(msgspec.structs.replace(identity(user_id), expires_at=in_an_hour))
        clients.append(client)
    ana, ben = clients
    await until(lambda: ana.received("ready") and ben.received("ready"))
    yield Setup(core, ana, ben, table)
    for client in clients:
        client.session.on_disconnect()


async def test_revoked_session_is_closed_without_the_bus(setup: Setup) -> None:
    """A session that is gone from the store is closed with 4503, also where the bus reported nothing."""
    del setup.table.expirations[f"session of {ANA}"]
    await setup.check()
    assert (setup.ana.close_code, setup.ben.close_code) == (4503, 0)


async def test_expired_session_is_closed(setup: Setup) -> None:
    """A token that has expired closes with 4502; one extended by use keeps its connection."""
    for client in (setup.ana, setup.ben):
        client.session.expires_at = 0.0
    del setup.table.expirations[f"session of {ANA}"]
    await setup.check()
    assert (setup.ana.close_code, setup.ben.close_code) == (4502, 0)
    assert setup.ben.session.expires_at == setup.table.expirations[f"session of {BEN}"].timestamp()


async def test_all_sessions_are_looked_up_together(setup: Setup) -> None:
    """One query serves all local connections."""
    await setup.check()
    assert all(sorted(ids) == sorted(setup.table.expirations) for ids in setup.table.lookups)


async def test_unavailable_store_closes_nothing(setup: Setup) -> None:
    """Without an answer sessions stay open, and the check is repeated."""
    setup.table.is_available = False
    await setup.check()
    assert (setup.ana.close_code, setup.ben.close_code) == (0, 0)
    setup.table.is_available = True
    setup.table.expirations.clear()
    await setup.check()
    assert (setup.ana.close_code, setup.ben.close_code) == (4503, 4503)


async def test_close_during_a_check_sets_no_timer(setup: Setup) -> None:
    """No check starts after the checker was closed."""
    wheel = TimerWheel(asyncio.get_running_loop(), PERIOD_S / 2)
    lookups = []

    async def never_respond(session_ids: Sequence[str]) -> Mapping[str, SessionState]:
        lookups.append(session_ids)
        await asyncio.Event().wait()
        return {}

    checker = TokenExpiryChecker(setup.core.online_users, never_respond, wheel, PERIOD_S)
    checker.start()
    await until(lambda: lookups)

    await checker.close()

    assert len(wheel) == 0
    wheel.close()


async def test_failed_query_does_not_keep_later_sessions_unchecked(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a store that fails now and then."""
    monkeypatch.setattr(token_expiry, "SESSIONS_PER_QUERY", 1)
    load, failing_ids = setup.table.load, setup.core.online_users.login_session_ids()[:1]

    async def fail_first(session_ids: Sequence[str]) -> Mapping[str, SessionState]:
        if session_ids == failing_ids:
            setup.table.lookups.append(session_ids)
            raise Unavailable
        return await load(session_ids)

    monkeypatch.setattr(setup.table, "load", fail_first)
    setup.table.expirations.clear()
    await setup.check()

    assert sorted([setup.ana.close_code, setup.ben.close_code]) == [0, 4503]
