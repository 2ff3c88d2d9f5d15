"""Inserts users with tokens, follows and posts directly into the services' databases.

Uses COPY with triggers disabled: the counts that triggers maintain are set here, and the outboxes stay
empty, so no consumer has work to do. For empty databases only.
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
SENTENCE = "The quick brown fox jumps over the lazy dog, runs across the wide field and rests by a river. "
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
    """Fills the databases of the PostgreSQL server at `postgres_url`."""

    def __init__(self, postgres_url: str, seed: int) -> None:
        self._url = postgres_url
        self._rng = random.Random(seed)
        self._user_count = 0
        self._posts_by_author: dict[str, int] = {}

    def insert_users(self, count: int) -> list[BenchUser]:
        """Insert `count` users, each with a valid token."""
        numbers = range(self._user_count, self._user_count + count)
        self._user_count += count
        users = [BenchUser(self._new_id(), new_token()) for _ in numbers]
        now = datetime.now(UTC)
        user_rows, cache_rows = [], []
        for number, user in zip(numbers, users, strict=True):
            card = (
                f"b{number}",
                f"Bench User {number}",
                f"https://cdn.bench.example/avatars/{number}.webp",
            )
            user_rows.append((user.id, f"b{number}@bench.example", "none", *card))
            cache_rows.append((user.id, *card, 1))
        sessions = [(user.id, hash_token(user.token), now + TOKEN_LIFETIME) for user in users]
        card_columns = ("username", "display_name", "avatar_url")
        _run_concurrently(
            self._copy("users", "users", ("id", "email", "password_hash", *card_columns), user_rows),
            self._copy("users", "user_sessions", ("user_id", "token_hash", "expires_at"), sessions),
            *(
                self._copy(name, "user_cache", ("id", *card_columns, "version"), cache_rows)
                for name in USER_CACHE_SERVICES
            ),
        )
        return users

    def insert_posts(self, authors: Sequence[BenchUser], count: int, tags: Sequence[str] = ()) -> list[str]:
        """Insert `count` posts of random authors, spread evenly over `HISTORY`; return ids, oldest first.

        With `tags` each post has one of them.
        """
        step, start = HISTORY / count, datetime.now(UTC) - HISTORY
        rows, tag_rows = [], []
        for number in range(count):
            author_id = self._rng.choice(authors).id
            self._posts_by_author[author_id] = self._posts_by_author.get(author_id, 0) + 1
            content = f"{number}: {SENTENCE}"[: self._rng.randint(20, len(SENTENCE))]
            post_tags = [tags[number % len(tags)]] if tags else []
            rows.append((self._new_id(), author_id, content, start + number * step, post_tags))
            tag_rows += [(rows[-1][0], tag, rows[-1][3]) for tag in post_tags]
        columns = ("id", "author_id", "content", "created_at", "tags")
        _run_concurrently(
            self._copy("posts", "posts", columns, rows),
            self._copy("posts", "post_tags", ("post_id", "tag", "created_at"), tag_rows),
        )
        _run_concurrently(
            self._execute("posts", COUNT_POSTS),
            self._execute(
                "social", SET_POSTS_COUNTS, list(self._posts_by_author), list(self._posts_by_author.values())
            ),
        )
        return [str(row[0]) for row in rows]

    def insert_follows(self, followed: Mapping[str, Sequence[BenchUser]]) -> None:
        """Insert follows: follower id -> followed users."""
        start = datetime.now(UTC) - HISTORY
        rows = [
            (follower_id, user.id, start + self._rng.random() * HISTORY)
            for follower_id, users in followed.items()
            for user in users
        ]
        _run_concurrently(
            self._copy("social", "follows", ("follower_id", "following_id", "created_at"), rows)
        )
        _run_concurrently(self._execute("social", COUNT_FOLLOWS))

    def vacuum(self) -> None:
        """Run VACUUM ANALYZE: collect planner statistics and set the visibility map."""
        _run_concurrently(*(self._execute(service, "VACUUM ANALYZE") for service in SERVICES))
        _run_concurrently(self._execute("users", "CHECKPOINT"))

    def create_database(self, name: str) -> str:
        """Create an empty database on the same server and return its URL."""

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
