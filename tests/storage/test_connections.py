"""The stock of connections: bounded, in order of asking, and never one that nobody knows the state of."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from storage.errors import Unavailable
from storage.postgres.connections import Connection, Connections
from tests.until import until

SOON_S = 0.05
PATIENCE_S = 5.0


class Maker:
    """Makes real connections, and counts them; fails while it is told to."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.made: list[Connection] = []
        self.fails = False

    async def __call__(self) -> Connection:
        if self.fails:
            raise OSError
        connection = await asyncpg.connect(self._url)
        self.made.append(connection)
        return connection


@pytest.fixture
def maker(users_url: str) -> Maker:
    return Maker(users_url)


@pytest.fixture
async def stock(maker: Maker) -> AsyncIterator[Connections]:
    """At most two."""
    stock = Connections(maker, 2)
    yield stock
    stock.terminate()
    for connection in maker.made:
        connection.terminate()


async def test_the_one_used_last_goes_out_first(stock: Connections, maker: Maker) -> None:
    """Nothing is made that is not needed."""
    for _ in range(3):
        stock.give_back(await stock.take(PATIENCE_S))
    first, second = await stock.take(PATIENCE_S), await stock.take(PATIENCE_S)
    assert (len(maker.made), stock.size, stock.idle) == (2, 2, 0)
    stock.give_back(first)
    stock.give_back(second)
    assert await stock.take(PATIENCE_S) is second


async def test_who_asks_first_is_given_first(stock: Connections) -> None:
    """Past the bound one waits, for so long and no longer; what comes back goes to the first of the line."""
    out = [await stock.take(PATIENCE_S) for _ in range(2)]
    with pytest.raises(TimeoutError):
        await stock.take(SOON_S)
    order: list[str] = []

    async def ask(name: str) -> None:
        connection = await stock.take(PATIENCE_S)
        order.append(name)
        stock.give_back(connection)

    asks = [asyncio.ensure_future(ask(name)) for name in "abc"]
    await asyncio.sleep(0)
    stock.give_back(out[0])
    await asyncio.gather(*asks)
    assert order == ["a", "b", "c"]


async def test_one_who_goes_leaves_its_place_to_the_next(stock: Connections) -> None:
    """Also when it was given something in the same moment."""
    out = [await stock.take(PATIENCE_S) for _ in range(2)]
    gone, handed, waits = (asyncio.ensure_future(stock.take(PATIENCE_S)) for _ in range(3))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    stock.give_back(out[0])
    handed.cancel()
    assert await waits is out[0]
    assert stock.size == 2


@pytest.mark.parametrize("broken", [asyncio.CancelledError, TimeoutError, ConnectionResetError])
async def test_what_nobody_knows_the_state_of_is_dropped(
    stock: Connections, maker: Maker, broken: type[BaseException]
) -> None:
    """Its place goes to a new one, at once, for whoever waits."""
    out = [await stock.take(PATIENCE_S) for _ in range(2)]
    waits = asyncio.ensure_future(stock.take(PATIENCE_S))
    await asyncio.sleep(0)
    stock.give_back(out[0], broken())
    assert await waits is maker.made[2]
    assert out[0].is_closed()
    assert stock.size == 2


async def test_a_statement_given_up_never_answers_another(stock: Connections) -> None:
    """Its connection goes with it."""
    connection = await stock.take(PATIENCE_S)
    sleeps = asyncio.ensure_future(connection.fetchval("SELECT pg_sleep(30)"))
    await asyncio.sleep(0)
    sleeps.cancel()
    with pytest.raises(asyncio.CancelledError) as given_up:
        await sleeps
    stock.give_back(connection, given_up.value)
    again = await stock.take(PATIENCE_S)
    assert await again.fetchval("SELECT 7") == 7
    assert again is not connection


async def test_an_open_transaction_is_not_handed_on(stock: Connections) -> None:
    """An error of the application leaves a sound connection, unless something is open on it."""
    connection = await stock.take(PATIENCE_S)
    stock.give_back(connection, ValueError())
    assert await stock.take(PATIENCE_S) is connection
    await connection.execute("BEGIN")
    stock.give_back(connection, ValueError())
    assert await stock.take(PATIENCE_S) is not connection


async def test_a_failed_connect_lets_the_next_try(stock: Connections, maker: Maker) -> None:
    """It takes up no room."""
    maker.fails = True
    for _ in range(3):
        with pytest.raises(OSError):
            await stock.take(PATIENCE_S)
    maker.fails = False
    assert await stock.take(PATIENCE_S)
    assert stock.size == 1


async def test_closing_waits_for_what_is_out(stock: Connections) -> None:
    """Whoever waits is told; whoever has one may finish."""
    out = [await stock.take(PATIENCE_S) for _ in range(2)]
    stock.give_back(out.pop())
    waits = [asyncio.ensure_future(stock.take(PATIENCE_S)) for _ in range(2)]
    await asyncio.sleep(0)
    closing = asyncio.ensure_future(stock.close())
    refused = waits[1]
    with pytest.raises(Unavailable):
        await refused
    assert not closing.done()
    for connection in (out.pop(), await waits[0]):
        assert await connection.fetchval("SELECT 1") == 1
        stock.give_back(connection)
    await asyncio.wait_for(closing, PATIENCE_S)
    assert stock.size == 0
    with pytest.raises(Unavailable):
        await stock.take(PATIENCE_S)


async def test_cutting_off_spares_nobody(stock: Connections) -> None:
    """Also what is out ends; giving it back afterwards harms nothing."""
    connection = await stock.take(PATIENCE_S)
    stock.terminate()
    await until(connection.is_closed)
    stock.give_back(connection)
    assert (stock.size, stock.idle) == (0, 0)
