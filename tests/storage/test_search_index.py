"""Search words in PostgreSQL: kept with every change, completed where earlier versions wrote."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from actors.search_indexer import SearchIndexer
from config.limits import SEARCH_WORDS_MAX
from storage.contracts.users import NewUser, ProfileChange
from storage.errors import QueryTimeout
from storage.postgres.pool import PoolLimits, PostgresPool
from storage.postgres.search_index import PostgresSearchIndex
from storage.postgres.statement import SQL, Statement
from storage.postgres.users import PostgresUsers
from tests.storage.service_database import RawConnection

PLAIN_WORDS = SQL / "users" / "migrations" / "0035_users_search_words_plain.sql"
SLEEP = Statement("sleep", "SELECT pg_sleep($1)", ("seconds",))
ONE = Statement("one", "SELECT 1 AS one", ())


@pytest.fixture
async def pool(users_url: str) -> AsyncIterator[PostgresPool]:
    limits = PoolLimits(search_connections=1, search_timeout_ms=2000, acquire_timeout_ms=100)
    opened = PostgresPool(users_url, limits)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def sql(users_url: str) -> AsyncIterator[RawConnection]:
    connection = await asyncpg.connect(users_url)
    yield connection
    await connection.close()


async def found(users: PostgresUsers, text: str) -> list[str]:
    return [user.username for user in await users.search(text, None, 20)]


async def test_words_follow_every_change_of_a_name(pool: PostgresPool) -> None:
    """Of the username or the display name, also to none."""
    users = PostgresUsers(pool)
    bert = await users.register(NewUser("b@example.test", "bert", "h", "Bert Newcomer"))
    assert await found(users, "newc") == ["bert"]
    await users.change(bert.id, ProfileChange(display_name="ΟΔΥΣΣΕΥΣ"))
    assert await found(users, "newc") == []
    assert await found(users, "οδυσσευς") == ["bert"]
    await users.change(bert.id, ProfileChange(display_name=None, username="berta"))
    assert await found(users, "οδυσσευς") == []
    assert await found(users, "berta") == ["berta"]


async def test_rows_of_earlier_versions_are_completed(pool: PostgresPool, sql: RawConnection) -> None:
    """New rows and changed names without words are found after the job ran; nothing is published for it."""
    users = PostgresUsers(pool)
    await users.register(NewUser("b@example.test", "bert", "h", "Bert"))
    await sql.execute(
        "INSERT INTO users (email, username, password_hash, display_name)"
        " SELECT n || '@example.test', 'u' || n, 'h', '「花見」大会 ' || n FROM generate_series(1, 450) AS n"
    )
    await sql.execute("UPDATE users SET display_name = 'Newcomer' WHERE username = 'bert'")
    published = await sql.fetchval("SELECT count(*) FROM outbox")
    assert await found(users, "newcomer") == []
    indexer = SearchIndexer({"users": PostgresSearchIndex.for_users(pool)})
    assert await indexer.index_all() == 451
    assert await indexer.index_all() == 0
    assert await found(users, "newcomer") == ["bert"]
    assert await found(users, "花見 450") == ["u450"]
    assert await sql.fetchval("SELECT count(*) FROM outbox") == published


async def test_words_of_earlier_versions_get_ones_without_accents(
    pool: PostgresPool, sql: RawConnection
) -> None:
    """The migration adds what `index_words` has for new rows, and finds every row as before."""
    users = PostgresUsers(pool)
    names = ["Ana Kovač", "Zeynep Yılmaz", "Łódź ガール 花見", "Ῥόδος", "Plain Name", None]
    for number, name in enumerate(names):
        await users.register(NewUser(f"{number}@example.test", f"user_{number}", "h", name))
    computed = await sql.fetch("SELECT search_words FROM users ORDER BY username")
    await sql.execute(
        "UPDATE users SET search_words = array_to_tsvector(ARRAY(SELECT word"
        " FROM unnest(tsvector_to_array(search_words)) AS word"
        " WHERE word <> ALL(ARRAY['kovac', 'yilmaz', 'lodz', 'ροδος'])))"
    )
    assert await found(users, "kovac") == []
    await sql.execute(PLAIN_WORDS.read_text())
    assert await sql.fetch("SELECT search_words FROM users ORDER BY username") == computed
    assert await found(users, "kovac") == await found(users, "kovač") == ["user_0"]
    assert await found(users, "lodz 花見") == ["user_2"]


async def test_instances_share_the_missing_rows(users_url: str, sql: RawConnection) -> None:
    """Concurrent calls do not wait for each other, and no row is left."""
    pool = PostgresPool(users_url)
    await pool.open()
    await sql.execute(
        "INSERT INTO users (email, username, password_hash)"
        " SELECT n || '@example.test', 'u' || n, 'h' FROM generate_series(1, 300) AS n"
    )
    indexers = [SearchIndexer({"users": PostgresSearchIndex.for_users(pool)}) for _ in range(3)]
    await asyncio.gather(*(indexer.index_all() for indexer in indexers))
    await indexers[0].index_all()
    assert sum(indexer.indexed_count for indexer in indexers) == 300
    assert await sql.fetchval("SELECT count(*) FROM users WHERE search_words IS NULL") == 0
    await pool.close()


async def test_words_that_match_many_and_few_are_paged_alike(pool: PostgresPool, sql: RawConnection) -> None:
    """Every match once, in order, whether a scan completes the page or the index of words is asked."""
    users = PostgresUsers(pool)
    await sql.execute(
        "INSERT INTO users (email, username, password_hash, search_words)"
        " SELECT n || '@example.test', 'u' || to_char(n, 'FM00000'), 'h',"
        " array_to_tsvector(CASE n % 5000 WHEN 0 THEN ARRAY['common', 'rare'] ELSE ARRAY['common'] END)"
        " FROM generate_series(1, 20000) AS n"
    )
    assert await found(users, "rare") == ["u05000", "u10000", "u15000", "u20000"]
    seen: list[str] = []
    after: tuple[str, str] | None = None
    while page := await users.search("common", after, 5000):
        seen += [user.username for user in page]
        after = (page[-1].username, page[-1].id)
    assert seen == [f"u{number:05}" for number in range(1, 20001)]
    assert await found(users, " ".join(["common"] * SEARCH_WORDS_MAX) + " rare") == await found(users, "rare")


async def test_slow_search_is_stopped(users_url: str) -> None:
    """It ends with `QueryTimeout`, and its connection is usable again."""
    pool = PostgresPool(users_url, PoolLimits(search_connections=1, search_timeout_ms=50))
    await pool.open()
    with pytest.raises(QueryTimeout):
        await pool.search(SLEEP, 30.0)
    assert [row["one"] for row in await pool.search(ONE)] == [1]
    await pool.close()


async def test_searches_wait_for_each_other_only(pool: PostgresPool) -> None:
    """Other statements run while all search connections are busy; one more search gives up."""
    busy = asyncio.ensure_future(pool.search(SLEEP, 30.0))
    with pytest.raises(QueryTimeout):
        await asyncio.gather(*(pool.search(ONE) for _ in range(3)))
    assert not busy.done()
    assert [row["one"] for row in await pool.rows(ONE)] == [1]
    with pytest.raises(QueryTimeout):
        await busy
