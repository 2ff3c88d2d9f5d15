"""The stock of connections: bounded, in order of asking, and never one that nobody knows the state of."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from storage.errors import Unavailable
from storage.postgres.connection_pool import Connection, ConnectionPool
from tests.until import until

SHORT_TIMEOUT_S = 0.05
TIMEOUT_S = 5.0


class ConnectionFactory:
    """Makes real connections, and counts them; fails while it is told to."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.created: list[Connection] = []
        self.failing = False

    async def __call__(self) -> Connection:
        if self.failing:
            raise OSError
        connection = await asyncpg.connect(self._url)
        self.created.append(connection)
        return connection


@pytest.fixture
def maker(users_url: str) -> ConnectionFactory:
    return ConnectionFactory(users_url)


@pytest.fixture
async def stock(maker: ConnectionFactory) -> AsyncIterator[ConnectionPool]:
    """At most two."""
    stock = ConnectionPool(maker, 2)
    yield stock
    stock.terminate()
    for connection in maker.created:
        connection.terminate()


async def test_the_one_used_last_goes_out_first(stock: ConnectionPool, maker: ConnectionFactory) -> None:
    """Nothing is made that is not needed."""
    for _ in range(3):
        stock.release(await stock.acquire(TIMEOUT_S))
    first, second = await stock.acquire(TIMEOUT_S), await stock.acquire(TIMEOUT_S)
    assert (len(maker.created), stock.size, stock.idle) == (2, 2, 0)
    stock.release(first)
    stock.release(second)
    assert await stock.acquire(TIMEOUT_S) is second


async def test_who_asks_first_is_given_first(stock: ConnectionPool) -> None:
    """Past the bound one waits, for so long and no longer; what comes back goes to the first of the line."""
    out = [await stock.acquire(TIMEOUT_S) for _ in range(2)]
    with pytest.raises(TimeoutError):
        await stock.acquire(SHORT_TIMEOUT_S)
    order: list[str] = []

    async def ask(name: str) -> None:
        connection = await stock.acquire(TIMEOUT_S)
        order.append(name)
        stock.release(connection)

    asks = [asyncio.ensure_future(ask(name)) for name in "abc"]
    await asyncio.sleep(0)
    stock.release(out[0])
    await asyncio.gather(*asks)
    assert order == ["a", "b", "c"]


async def test_one_who_goes_leaves_its_place_to_the_next(stock: ConnectionPool) -> None:
    """Also when it was given something in the same moment."""
    out = [await stock.acquire(TIMEOUT_S) for _ in range(2)]
    gone, handed, waits = (asyncio.ensure_future(stock.acquire(TIMEOUT_S)) for _ in range(3))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    stock.release(out[0])
    handed.cancel()
    assert await waits is out[0]
    assert stock.size == 2


@pytest.mark.parametrize("broken", [asyncio.CancelledError, TimeoutError, ConnectionResetError])
async def test_what_nobody_knows_the_state_of_is_dropped(
    stock: ConnectionPool, maker: ConnectionFactory, broken: type[BaseException]
) -> None:
    """Its place goes to a new one, at once, for whoever waits."""
    out = [await stock.acquire(TIMEOUT_S) for _ in range(2)]
    waits = asyncio.ensure_future(stock.acquire(TIMEOUT_S))
    await asyncio.sleep(0)
    stock.release(out[0], broken())
    assert await waits is maker.created[2]
    assert out[0].is_closed()
    assert stock.size == 2


async def test_a_statement_given_up_never_answers_another(stock: ConnectionPool) -> None:
    """Its connection goes with it."""
    connection = await stock.acquire(TIMEOUT_S)
    sleeps = asyncio.ensure_future(connection.fetchval("SELECT pg_sleep(30)"))
    await asyncio.sleep(0)
    sleeps.cancel()
    with pytest.raises(asyncio.CancelledError) as given_up:
        await sleeps
    stock.release(connection, given_up.value)
    again = await stock.acquire(TIMEOUT_S)
    assert await again.fetchval("SELECT 7") == 7
    assert again is not connection


async def test_an_open_transaction_is_not_handed_on(stock: ConnectionPool) -> None:
    """An error of the application leaves a sound connection, unless something is open on it."""
    connection = await stock.acquire(TIMEOUT_S)
    stock.release(connection, ValueError())
    assert await stock.acquire(TIMEOUT_S) is connection
    await connection.execute("BEGIN")
    stock.release(connection, ValueError())
    assert await stock.acquire(TIMEOUT_S) is not connection


async def test_a_failed_connect_lets_the_next_try(stock: ConnectionPool, maker: ConnectionFactory) -> None:
    """It takes up no room."""
    maker.failing = True
    for _ in range(3):
        with pytest.raises(OSError):
            await stock.acquire(TIMEOUT_S)
    maker.failing = False
    assert await stock.acquire(TIMEOUT_S)
    assert stock.size == 1


async def test_closing_waits_for_what_is_out(stock: ConnectionPool) -> None:
    """Whoever waits is told; whoever has one may finish."""
    out = [await stock.acquire(TIMEOUT_S) for _ in range(2)]
    stock.release(out.pop())
    waits = [asyncio.ensure_future(stock.acquire(TIMEOUT_S)) for _ in range(2)]
    await asyncio.sleep(0)
    closing = asyncio.ensure_future(stock.close())
    refused = waits[1]
    with pytest.raises(Unavailable):
        await refused
    assert not closing.done()
    for connection in (out.pop(), await waits[0]):
        assert await connection.fetchval("SELECT 1") == 1
        stock.release(connection)
    await asyncio.wait_for(closing, TIMEOUT_S)
    assert stock.size == 0
    with pytest.raises(Unavailable):
        await stock.acquire(TIMEOUT_S)


async def test_cutting_off_spares_nobody(stock: ConnectionPool) -> None:
    """Also what is out ends; giving it back afterwards harms nothing."""
    connection = await stock.acquire(TIMEOUT_S)
    stock.terminate()
    await until(connection.is_closed)
    stock.release(connection)
    assert (stock.size, stock.idle) == (0, 0)
