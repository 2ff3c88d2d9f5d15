"""The connection pool: bounded, first in first out, without connections in an unknown state."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import asyncpg
import pytest

from storage.errors import Unavailable
from storage.postgres.connection_pool import Connection, ConnectionPool
from tests.until import until

SHORT_TIMEOUT_S = 0.05
TIMEOUT_S = 5.0


class ConnectionFactory:
    """Opens and counts real connections; fails while `failing` is set."""

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
def factory(users_url: str) -> ConnectionFactory:
    return ConnectionFactory(users_url)


@pytest.fixture
async def pool(factory: ConnectionFactory) -> AsyncIterator[ConnectionPool]:
    """At most two."""
    pool = ConnectionPool(factory, 2)
    yield pool
    pool.terminate()
    for connection in factory.created:
        connection.terminate()


async def test_most_recently_used_connection_is_reused_first(
    pool: ConnectionPool, factory: ConnectionFactory
) -> None:
    """No unneeded connection is opened."""
    for _ in range(3):
        pool.release(await pool.acquire(TIMEOUT_S))
    first, second = await pool.acquire(TIMEOUT_S), await pool.acquire(TIMEOUT_S)
    assert (len(factory.created), pool.size, pool.idle) == (2, 2, 0)
    pool.release(first)
    pool.release(second)
    assert await pool.acquire(TIMEOUT_S) is second


async def test_waiters_are_served_in_order(pool: ConnectionPool) -> None:
    """At the maximum size, acquire waits up to its timeout; the first waiter gets a released connection."""
    out = [await pool.acquire(TIMEOUT_S) for _ in range(2)]
    with pytest.raises(TimeoutError):
        await pool.acquire(SHORT_TIMEOUT_S)
    order: list[str] = []

    async def ask(name: str) -> None:
        connection = await pool.acquire(TIMEOUT_S)
        order.append(name)
        pool.release(connection)

    asks = [asyncio.ensure_future(ask(name)) for name in "abc"]
    await asyncio.sleep(0)
    pool.release(out[0])
    await asyncio.gather(*asks)
    assert order == ["a", "b", "c"]


async def test_cancelled_waiter_passes_its_connection_on(pool: ConnectionPool) -> None:
    """Also if the connection was handed over at the same time."""
    out = [await pool.acquire(TIMEOUT_S) for _ in range(2)]
    gone, handed, waits = (asyncio.ensure_future(pool.acquire(TIMEOUT_S)) for _ in range(3))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    pool.release(out[0])
    handed.cancel()
    assert await waits is out[0]
    assert pool.size == 2


@pytest.mark.parametrize("broken", [asyncio.CancelledError, TimeoutError, ConnectionResetError])
async def test_connection_in_an_unknown_state_is_dropped(
    pool: ConnectionPool, factory: ConnectionFactory, broken: type[BaseException]
) -> None:
    """A waiter can open a new one at once."""
    out = [await pool.acquire(TIMEOUT_S) for _ in range(2)]
    waits = asyncio.ensure_future(pool.acquire(TIMEOUT_S))
    await asyncio.sleep(0)
    pool.release(out[0], broken())
    assert await waits is factory.created[2]
    assert out[0].is_closed()
    assert pool.size == 2


async def test_result_of_an_abandoned_statement_reaches_no_other(pool: ConnectionPool) -> None:
    """Its connection is dropped."""
    connection = await pool.acquire(TIMEOUT_S)
    sleeps = asyncio.ensure_future(connection.fetchval("SELECT pg_sleep(30)"))
    await asyncio.sleep(0)
    sleeps.cancel()
    with pytest.raises(asyncio.CancelledError) as given_up:
        await sleeps
    pool.release(connection, given_up.value)
    again = await pool.acquire(TIMEOUT_S)
    assert await again.fetchval("SELECT 7") == 7
    assert again is not connection


async def test_connection_with_an_open_transaction_is_dropped(pool: ConnectionPool) -> None:
    """After an application error the connection is reused unless a transaction is open."""
    connection = await pool.acquire(TIMEOUT_S)
    pool.release(connection, ValueError())
    assert await pool.acquire(TIMEOUT_S) is connection
    await connection.execute("BEGIN")
    pool.release(connection, ValueError())
    assert await pool.acquire(TIMEOUT_S) is not connection


async def test_failed_connect_frees_its_slot(pool: ConnectionPool, factory: ConnectionFactory) -> None:
    """The next waiter can open a connection."""
    factory.failing = True
    for _ in range(3):
        with pytest.raises(OSError):
            await pool.acquire(TIMEOUT_S)
    factory.failing = False
    assert await pool.acquire(TIMEOUT_S)
    assert pool.size == 1


async def test_close_waits_for_connections_in_use(pool: ConnectionPool) -> None:
    """Waiters fail; connections in use may finish."""
    out = [await pool.acquire(TIMEOUT_S) for _ in range(2)]
    pool.release(out.pop())
    waits = [asyncio.ensure_future(pool.acquire(TIMEOUT_S)) for _ in range(2)]
    await asyncio.sleep(0)
    closing = asyncio.ensure_future(pool.close())
    refused = waits[1]
    with pytest.raises(Unavailable):
        await refused
    assert not closing.done()
    for connection in (out.pop(), await waits[0]):
        assert await connection.fetchval("SELECT 1") == 1
        pool.release(connection)
    await asyncio.wait_for(closing, TIMEOUT_S)
    assert pool.size == 0
    with pytest.raises(Unavailable):
        await pool.acquire(TIMEOUT_S)


async def test_terminate_closes_connections_in_use(pool: ConnectionPool) -> None:
    """Releasing one afterwards is harmless."""
    connection = await pool.acquire(TIMEOUT_S)
    pool.terminate()
    await until(connection.is_closed)
    pool.release(connection)
    assert (pool.size, pool.idle) == (0, 0)


class SlowlyClosingConnection:
    """A connection whose `close` waits until `may_close` is set."""

    def __init__(self) -> None:
        self.may_close = asyncio.Event()
        self._closed = False

    def is_closed(self) -> bool:
        return self._closed

    async def close(self) -> None:
        await self.may_close.wait()
        self._closed = True


async def test_idle_connection_is_not_used_while_the_pool_closes() -> None:
    """Not even without waiting."""
    connection = SlowlyClosingConnection()

    async def connect() -> Connection:
        return cast("Connection", connection)

    pool = ConnectionPool(connect, 1)
    pool.release(await pool.acquire(TIMEOUT_S))
    closing = asyncio.create_task(pool.close())
    await asyncio.sleep(0)
    assert pool.try_acquire() is None
    with pytest.raises(Unavailable):
        await pool.acquire(TIMEOUT_S)
    connection.may_close.set()
    await closing
