"""People with tokens, whom they follow and what they posted, put straight into the services' databases.

By COPY, with triggers off: the counts that these keep are set here, and the feeds between services tell of
nothing, as if all had happened long ago. It never asks a server, and is for empty databases only.
"""

import asyncio
import random
import uuid
from collections.abc import Coroutine, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import asyncpg

from actors.accounts.tokens import hash_token, new_token
from bench.harness.bench_users import BenchUser
from storage.postgres.migrations import database_url

USER_CACHE_SERVICES = ("social", "posts", "events", "notifications")
SERVICES = ("users", *USER_CACHE_SERVICES)
HISTORY = timedelta(days=60)
TOKEN_LIFETIME = timedelta(days=30)
SENTENCE = "The quick brown fox jumps over the lazy dog and tells nobody about it, not even the other foxes. "
Records = Sequence[tuple[object, ...]]
COUNT_FOLLOWS = """
INSERT INTO user_social_stats AS s (user_id, followers_count, following_count)
SELECT user_id, sum(followers), sum(following)
FROM (
    SELECT following_id AS user_id, 1 AS followers, 0 AS following FROM follows
    UNION ALL
    SELECT follower_id, 0, 1 FROM follows
) AS counted
GROUP BY user_id
ON CONFLICT (user_id) DO UPDATE
SET followers_count = excluded.followers_count, following_count = excluded.following_count
"""
COUNT_POSTS = "INSERT INTO author_stats SELECT author_id, count(*) FROM posts GROUP BY author_id"
SET_POSTS_COUNTS = """
INSERT INTO user_social_stats AS s (user_id, posts_count)
SELECT * FROM unnest($1::uuid[], $2::int[])
ON CONFLICT (user_id) DO UPDATE SET posts_count = excluded.posts_count
"""


class DatabaseFixture:
    """`postgres_url` is that of the server which has the services' databases."""

    def __init__(self, postgres_url: str, seed: int) -> None:
        self._url = postgres_url
        self._rng = random.Random(seed)
        self._user_count = 0
        self._posts_by_author: dict[str, int] = {}

    def insert_users(self, count: int) -> list[BenchUser]:
        """New people, each logged in."""
        numbers = range(self._user_count, self._user_count + count)
        self._user_count += count
        people = [BenchUser(self._new_id(), new_token()) for _ in numbers]
        now = datetime.now(UTC)
        users, copies = [], []
        for number, person in zip(numbers, people, strict=True):
            card = (
                f"b{number}",
                f"Bench Person {number}",
                f"https://cdn.bench.example/avatars/{number}.webp",
            )
            users.append((person.id, f"b{number}@bench.example", "none", *card))
            copies.append((person.id, *card, 1))
        sessions = [(person.id, hash_token(person.token), now + TOKEN_LIFETIME) for person in people]
        card_columns = ("username", "display_name", "avatar_url")
        _run_concurrently(
            self._copy("users", "users", ("id", "email", "password_hash", *card_columns), users),
            self._copy("users", "user_sessions", ("user_id", "token_hash", "expires_at"), sessions),
            *(
                self._copy(name, "user_cache", ("id", *card_columns, "version"), copies)
                for name in USER_CACHE_SERVICES
            ),
        )
        return people

    def insert_posts(self, authors: Sequence[BenchUser], count: int) -> list[str]:
        """Posts of each author in turn, told apart by some seconds, the oldest first; answers their ids."""
        step, start = HISTORY / count, datetime.now(UTC) - HISTORY
        rows = []
        for number in range(count):
            author_id = self._rng.choice(authors).id
            self._posts_by_author[author_id] = self._posts_by_author.get(author_id, 0) + 1
            content = f"{number}: {SENTENCE}"[: self._rng.randint(20, len(SENTENCE))]
            rows.append((self._new_id(), author_id, content, start + number * step))
        _run_concurrently(self._copy("posts", "posts", ("id", "author_id", "content", "created_at"), rows))
        _run_concurrently(
            self._execute("posts", COUNT_POSTS),
            self._execute(
                "social", SET_POSTS_COUNTS, list(self._posts_by_author), list(self._posts_by_author.values())
            ),
        )
        return [str(row[0]) for row in rows]

    def insert_follows(self, followed: Mapping[str, Sequence[BenchUser]]) -> None:
        """Whom each of some people, by id, follows."""
        start = datetime.now(UTC) - HISTORY
        rows = [
            (follower_id, person.id, start + self._rng.random() * HISTORY)
            for follower_id, some in followed.items()
            for person in some
        ]
        _run_concurrently(
            self._copy("social", "follows", ("follower_id", "following_id", "created_at"), rows)
        )
        _run_concurrently(self._execute("social", COUNT_FOLLOWS))

    def vacuum(self) -> None:
        """Have the databases as they are after a while: with statistics, and rows known to be visible."""
        _run_concurrently(*(self._execute(service, "VACUUM ANALYZE") for service in SERVICES))
        _run_concurrently(self._execute("users", "CHECKPOINT"))

    def create_database(self, name: str) -> str:
        """An empty database beside those of the services; answers its URL."""

        async def create() -> None:
            connection = await asyncpg.connect(self._url)
            try:
                await connection.execute(f'CREATE DATABASE "convene_{name}"')
            finally:
                await connection.close()

        _run_concurrently(create())
        return database_url(self._url, name)

    async def _copy(self, service: str, table: str, columns: Sequence[str], rows: Records) -> None:
        connection = await asyncpg.connect(database_url(self._url, service))
        try:
            await connection.execute("SET session_replication_role = replica")
            await connection.copy_records_to_table(table, columns=columns, records=rows)
        finally:
            await connection.close()

    async def _execute(self, service: str, statement: str, *values: object) -> None:
        connection = await asyncpg.connect(database_url(self._url, service))
        try:
            await connection.execute(statement, *values)
        finally:
            await connection.close()

    def _new_id(self) -> str:
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))


def _run_concurrently(*coroutines: Coroutine[None, None, None]) -> None:
    async def gather() -> None:
        await asyncio.gather(*coroutines)

    asyncio.run(gather())
