"""One service's empty database, with the stores of instances on it and connections for inspection."""

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Awaitable
from typing import Any, TypeAlias, TypeVar

import asyncpg
import msgspec

from storage.contracts.user_cache import UserSnapshot
from storage.postgres.cursors import PostgresCursors
from storage.postgres.idempotency_keys import PostgresIdempotencyKeys
from storage.postgres.outbox import PostgresOutbox
from storage.postgres.pool import PoolLimits, PostgresPool
from storage.postgres.user_cache import PostgresUserCache

Result = TypeVar("Result")
RawConnection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
COUNT_LOCK_WAITS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND state <> 'idle'
"""
WAIT_TIMEOUT_S = 30.0


async def start_until_blocked(
    sql: RawConnection, work: Awaitable[Result], waiting: int = 1
) -> "asyncio.Future[Result]":
    """Start a task; return when that many statements of the database wait for locks.

    `sql` is a connection that the task does not use.
    """
    task = asyncio.ensure_future(work)
    deadline = time.monotonic() + WAIT_TIMEOUT_S
    while await sql.fetchval(COUNT_LOCK_WAITS) < waiting:
        assert not task.done(), "it did not wait for a lock"
        assert time.monotonic() < deadline, "it did not begin to wait"
    return task


class OutboxRow(msgspec.Struct, frozen=True):
    """A row of the outbox."""

    id: int
    key: str
    type: str
    payload: dict[str, Any]


class ServiceInstance:
    """The pool, outbox and cursors that one instance opens for a service."""

    def __init__(self, pool: PostgresPool) -> None:
        self.pool = pool
        self.outbox = PostgresOutbox(pool)
        self.cursors = PostgresCursors(pool)
        self.idempotency_keys = PostgresIdempotencyKeys(pool)
        self.user_cache = PostgresUserCache(pool, self.cursors)


class ServiceDatabase:
    """`first` is an instance; `sql` is a connection independent of the instances."""

    def __init__(self, url: str, stack: contextlib.AsyncExitStack) -> None:
        self.url = url
        self._stack = stack
        self.sql: RawConnection
        self.instance_a: ServiceInstance

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, url: str) -> "AsyncIterator[ServiceDatabase]":
        async with contextlib.AsyncExitStack() as stack:
            database = cls(url, stack)
            database.sql = await database.connection()
            database.instance_a = await database.instance()
            yield database

    async def instance(self, connections: int = 10) -> ServiceInstance:
        """Open another instance."""
        pool = PostgresPool(self.url, PoolLimits(max_connections=connections, acquire_timeout_ms=20_000))
        await pool.open()
        self._stack.push_async_callback(pool.close)
        return ServiceInstance(pool)

    async def connection(self) -> RawConnection:
        """Open a separate connection, for example to hold a transaction open."""
        connection = await asyncpg.connect(self.url)
        self._stack.push_async_callback(connection.close)
        return connection

    async def start_until_blocked(
        self, work: Awaitable[Result], waiting: int = 1
    ) -> "asyncio.Future[Result]":
        """Start a task; return when that many statements wait for locks."""
        return await start_until_blocked(self.sql, work, waiting)

    async def outbox_rows(self, *types: str) -> list[OutboxRow]:
        """Return outbox rows of some or all types, by id."""
        rows = await self.sql.fetch("SELECT id, key, type, payload FROM outbox ORDER BY id")
        received = [
            OutboxRow(row["id"], row["key"], row["type"], msgspec.json.decode(row["payload"])) for row in rows
        ]
        return [one for one in received if not types or one.type in types]

    async def cache_users(self, *user_ids: str, deleted: bool = False) -> None:
        """Store users in `user_cache`."""
        await self.instance_a.user_cache.apply(
            [
                UserSnapshot(
                    one,
                    "" if deleted else f"u{one[:8]}",
                    None,
                    None,
                    verified=False,
                    version=2,
                    deleted=deleted,
                )
                for one in user_ids
            ],
            None,
        )


def random_id() -> str:
    return str(uuid.uuid4())


def sorted_random_ids(count: int) -> list[str]:
    """Return random ids in order."""
    return sorted(random_id() for _ in range(count))
