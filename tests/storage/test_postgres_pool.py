"""The PostgreSQL pool, error mapping and statements."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest

from storage.contracts.users import NewUser
from storage.errors import Conflict, QueryTimeout, StorageError, Unavailable
from storage.postgres.error_mapping import map_errors
from storage.postgres.pool import PoolLimits, PostgresPool
from storage.postgres.statement import (
    InvalidStatement,
    Statement,
    load_statement,
    parse_statement,
    split_statements,
)
from storage.postgres.users import PostgresUsers
from tests.until import until

ONE = Statement("one", "SELECT 1 AS one", ())
SLEEP = Statement("sleep", "SELECT pg_sleep(10)", ())

OpenPool = Callable[[PoolLimits], Awaitable[PostgresPool]]


@pytest.fixture
async def open_pool(users_url: str) -> AsyncIterator[OpenPool]:
    pools: list[PostgresPool] = []

    async def opened(bounds: PoolLimits) -> PostgresPool:
        pool = PostgresPool(users_url, bounds)
        await pool.open()
        pools.append(pool)
        return pool

    yield opened
    for pool in pools:
        await pool.close()


async def setting(pool: PostgresPool, name: str) -> str:
    row = await pool.row(Statement("show", "SELECT current_setting($1) AS value", ("name",)), name)
    assert row is not None
    return str(row["value"])


async def test_connections_commit_durably_and_limit_statement_time(users_pool: PostgresPool) -> None:
    """Whatever the server's defaults are."""
    assert await setting(users_pool, "synchronous_commit") == "on"
    assert await setting(users_pool, "statement_timeout") == "5s"
    assert await setting(users_pool, "idle_in_transaction_session_timeout") == "10s"


async def test_check_writes_a_new_page(users_pool: PostgresPool, users_url: str) -> None:
    """A full disk, or a database that accepts no writes, fails the check; no row stays."""
    await users_pool.check()
    connection = await asyncpg.connect(users_url)
    before = await connection.fetchval("SELECT pg_relation_size('health_rows')")
    await users_pool.check()
    assert await connection.fetchval("SELECT pg_relation_size('health_rows')") > before
    assert await connection.fetchval("SELECT count(*) FROM health_rows") == 0
    database = await connection.fetchval("SELECT current_database()")
    await connection.execute(f'ALTER DATABASE "{database}" SET default_transaction_read_only = on')
    try:
        refusing = PostgresPool(users_url)
        await refusing.open()
        with pytest.raises(Unavailable):
            await refusing.check()
        await refusing.close()
    finally:
        await connection.execute(f'ALTER DATABASE "{database}" RESET default_transaction_read_only')
        await connection.close()


async def test_full_pool_raises_in_time_and_check_still_passes(open_pool: OpenPool) -> None:
    """`Unavailable` is raised within the timeout; the check has a separate connection."""
    pool = await open_pool(PoolLimits(max_connections=1, acquire_timeout_ms=500, statement_timeout_ms=60_000))
    busy = asyncio.ensure_future(pool.rows(SLEEP))
    await until(lambda: pool.statistics()[0].connections == pool.statistics()[0].in_use == 1)
    with pytest.raises(Unavailable):
        await pool.rows(ONE)
    await pool.check()
    busy.cancel()
    with pytest.raises(asyncio.CancelledError):
        await busy
    assert len(await pool.rows(ONE)) == 1


async def test_waiters_are_limited(open_pool: OpenPool) -> None:
    """Beyond the limit a call fails at once. Those that waited are counted."""
    pool = await open_pool(PoolLimits(max_connections=1, max_waiting=2, acquire_timeout_ms=3000))
    outcomes = await asyncio.gather(*(pool.rows(ONE) for _ in range(10)), return_exceptions=True)
    assert any(isinstance(outcome, Unavailable) for outcome in outcomes)
    assert any(isinstance(outcome, list) for outcome in outcomes)
    statements = pool.statistics()[0]
    assert (statements.connections, statements.in_use, statements.connections_max) == (1, 0, 1)
    assert (statements.waiting, statements.waits) == (0, 2)


async def test_statement_timeout_is_unavailable(open_pool: OpenPool) -> None:
    """The statement is cancelled, and the pool stays usable."""
    pool = await open_pool(PoolLimits(statement_timeout_ms=50))
    with pytest.raises(Unavailable):
        await pool.rows(SLEEP)
    assert len(await pool.rows(ONE)) == 1


async def test_read_is_retried_after_a_lost_connection(users_pool: PostgresPool, users_url: str) -> None:
    """A write raises `Unavailable` instead."""
    await asyncio.gather(*(users_pool.rows(ONE) for _ in range(10)))
    killer = await asyncpg.connect(users_url)
    kill = """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
    """
    for _ in range(5):
        await killer.execute(kill)
        assert len(await users_pool.rows(ONE)) == 1
    sleeping = asyncio.ensure_future(users_pool.write(SLEEP))
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()"
    )
    async with asyncio.timeout(5):
        while await killer.fetchval(waiting) == 0:  # noqa: ASYNC110 - the server is asked each time
            await asyncio.sleep(0)
    await killer.execute(kill)
    with pytest.raises(Unavailable):
        await sleeping
    await killer.close()


async def test_broken_connection_is_not_reused(open_pool: OpenPool) -> None:
    """A connection whose protocol state is broken is closed, though the driver considers it open."""
    pool = await open_pool(PoolLimits(max_connections=1))
    which = Statement("which", "SELECT pg_backend_pid() AS pid", ())

    async def lose_the_way() -> None:
        async with pool.transaction():
            raise asyncpg.InternalClientError

    (before,) = await pool.rows(which)
    (same,) = await pool.rows(which)
    with pytest.raises(Unavailable):
        await lose_the_way()
    (after,) = await pool.rows(which)
    assert before["pid"] == same["pid"] != after["pid"]


async def test_transaction_is_atomic(users_pool: PostgresPool) -> None:
    """A failing block leaves nothing, also without the reset query."""
    insert = Statement(
        "insert", "INSERT INTO users (email, username, password_hash) VALUES ($1, $1, 'h')", ("name",)
    )

    async def two(second: str) -> None:
        async with users_pool.transaction() as transaction:
            await transaction.rows(insert, "ana")
            if not second:
                raise ZeroDivisionError
            await transaction.rows(insert, second)

    with pytest.raises(ZeroDivisionError):
        await two("")
    with pytest.raises(Conflict):
        await two("ana")
    assert await users_pool.rows(Statement("all", "SELECT id FROM users", ())) == []


async def test_closed_pool_is_unavailable(users_url: str) -> None:
    """After `close` and before `open`."""
    pool = PostgresPool(users_url)
    with pytest.raises(Unavailable):
        await pool.rows(ONE)
    await pool.open()
    await pool.close()
    with pytest.raises(Unavailable):
        await pool.write(ONE)
    with pytest.raises(Unavailable):
        await pool.check()


async def test_unreachable_server_is_unavailable(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No driver exception is raised."""
    pool = PostgresPool(f"postgresql://nobody@/nothing?host={tmp_path_factory.mktemp('none')}")
    with pytest.raises(Unavailable):
        await pool.open()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (asyncpg.ConnectionDoesNotExistError("x"), Unavailable),
        (asyncpg.InterfaceError("connection is closed"), Unavailable),
        (asyncpg.InternalClientError("x"), Unavailable),
        (ConnectionResetError(), Unavailable),
        (ConnectionRefusedError(), Unavailable),
        (TimeoutError(), Unavailable),
        (asyncpg.CannotConnectNowError("x"), Unavailable),
        (asyncpg.AdminShutdownError("x"), Unavailable),
        (asyncpg.CrashShutdownError("x"), Unavailable),
        (asyncpg.SerializationError("x"), Unavailable),
        (asyncpg.DeadlockDetectedError("x"), Unavailable),
        (asyncpg.TooManyConnectionsError("x"), Unavailable),
        (asyncpg.DiskFullError("x"), Unavailable),
        (asyncpg.QueryCanceledError("x"), QueryTimeout),
        (asyncpg.ReadOnlySQLTransactionError("x"), Unavailable),
        (asyncpg.UniqueViolationError("x"), Conflict),
        (asyncpg.CheckViolationError("x"), Conflict),
        (asyncpg.UndefinedTableError("user's words"), StorageError),
        (asyncpg.exceptions.DataError("user's words"), StorageError),
        (asyncpg.exceptions._base.DataError("user's words"), StorageError),
    ],
)
def test_driver_errors_are_mapped(error: Exception, expected: type[StorageError]) -> None:
    """Each class of error has one meaning, and the driver's text is dropped."""
    with pytest.raises(StorageError) as raised, map_errors():
        raise error
    assert type(raised.value) is expected
    assert "words" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_statement_takes_order_and_types_from_its_signature() -> None:
    """Casts and prose do not affect it."""
    source = """-- Finds :second things, and :first too.
--
--   :first uuid[]  :second int   -> rows
SELECT a::text FROM t WHERE b = :second AND c = ANY(:first) AND d < :second
"""
    statement = parse_statement("x", source)
    assert statement.text == "SELECT a::text FROM t WHERE b = $2::int AND c = ANY($1::uuid[]) AND d < $2::int"
    assert statement.parameters == ("first", "second")


def test_file_is_split_at_name_lines() -> None:
    """Each block keeps its comments and statement."""
    source = "-- name: first\n-- One.\nSELECT 1\n\n-- name: second\n-- Two.\nSELECT 2\n"
    assert split_statements(source) == [("first", "-- One.\nSELECT 1\n\n"), ("second", "-- Two.\nSELECT 2\n")]


def test_unknown_statement_is_an_error() -> None:
    """Loading a name that the store's file does not have fails."""
    with pytest.raises(InvalidStatement):
        load_statement("users", "users", "missing")


@pytest.mark.parametrize("signature", ["", "--   :a int  :b int"])
def test_statement_with_a_wrong_signature_is_rejected(signature: str) -> None:
    """A header that differs from the text is an error at load."""
    with pytest.raises(InvalidStatement):
        parse_statement("x", f"-- Finds.\n--\n{signature}\nSELECT :a\n")


async def test_wrong_number_of_values_is_a_type_error(users_pool: PostgresPool) -> None:
    """It is not reported as an unavailable store."""
    with pytest.raises(TypeError):
        await users_pool.rows(ONE, 1)


async def test_lookups_use_their_indexes(users: PostgresUsers, users_url: str) -> None:
    """No lookup by token, login, id or prefix scans the whole table, also with a generic plan."""
    connection = await asyncpg.connect(users_url)
    try:
        await connection.execute("""
            INSERT INTO users (email, username, password_hash, display_name, search_words)
            SELECT
                'u' || n || '@example.test', 'u' || n, 'h', 'Name ' || n,
                array_to_tsvector(ARRAY['u' || n, 'name', n::text])
            FROM generate_series(1, 20000) n
        """)
        await connection.execute("""
            INSERT INTO user_sessions (user_id, token_hash, expires_at)
            SELECT id, md5(id::text), now() + interval '1 day' FROM users
        """)
        await connection.execute("ANALYZE")
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        for store, name in (
            ("users", "user_list_by_ids"),
            ("users", "user_by_username"),
            ("users", "user_credentials_by_email"),
            ("search_words", "user_page_nearby"),
            ("search_words", "user_page_by_words"),
            ("sessions", "session_identities"),
            ("logins", "session_expired"),
            ("sessions", "session_list"),
        ):
            statement = load_statement("users", store, name)
            await connection.execute(f"PREPARE {name} AS {statement.text}")
            nulls = ", ".join("NULL" for _ in statement.parameters)
            rows = await connection.fetch(f"EXPLAIN EXECUTE {name}({nulls})")
            plan = "\n".join(row[0] for row in rows)
            assert not re.search(r"Seq Scan on user", plan), f"{name}:\n{plan}"
            if name == "user_page_nearby":
                assert "users_username_lower_key" in plan, plan
            if name == "user_page_by_words":
                assert "users_search_words" in plan, plan
    finally:
        await connection.close()
    found = await users.search("u1999", None, 20)
    assert len(found) == 11
    with pytest.raises(Conflict):
        await users.register(NewUser("U7@example.test", "new", "h", None))
