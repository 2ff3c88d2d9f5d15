"""Tokens that run out while their sockets are open."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from actors.runtime.wheel import Wheel
from actors.session.expiry import Expiry
from tests.actors.phone import Phone, identity
from tests.actors.town import ANA, BEN, QUICK, Town
from tests.until import until

EVERY_S = 0.02


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    town = Town()
    yield town
    await town.close()


class Store:
    """When sessions will have run out, by user; and how often that was asked."""

    def __init__(self) -> None:
        self.until: dict[str, datetime] = {}
        self.asked = 0

    async def expires_at(self, user_id: str, session_id: str) -> datetime | None:
        assert session_id == f"session of {user_id}"
        self.asked += 1
        return self.until.get(user_id)


async def test_a_socket_ends_with_its_token(town: Town) -> None:
    """Whoever's token has run out is told 4502; one that has moved with use meanwhile stays."""
    core = await town.instance(QUICK)
    now = datetime.now(UTC)
    ana, ben = Phone(core), Phone(core)
    for phone, user_id in ((ana, ANA), (ben, BEN)):
        phone.cell.hand(msgspec.structs.replace(identity(user_id), expires_at=now))
    await until(lambda: ana.told("ready") and ben.told("ready"))
    store = Store()
    store.until[BEN] = now + timedelta(hours=1)
    wheel = Wheel(asyncio.get_running_loop(), EVERY_S / 2)
    expiry = Expiry(core.directory, store.expires_at, wheel, EVERY_S)
    expiry.start()

    await until(lambda: ana.code)
    await until(lambda: store.asked >= 2)
    asked = store.asked
    await until(lambda: len(wheel))

    assert ana.code == 4502
    assert ben.code == 0
    assert ben.session.expires_at == store.until[BEN].timestamp()
    assert store.asked == asked
    await expiry.close()
    wheel.close()
    ben.session.gone()
