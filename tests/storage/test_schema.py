"""The schema matches the database design, table by table.

Decided refinements: points in time bear their zone, and columns that are never null say so.
"""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncpg
import pytest

from tests.conftest import FreshDatabase
from tests.storage.service_database import RawConnection

USER_CACHE_SERVICES = ("social", "posts", "events", "notifications")
TIME = "timestamp with time zone"
NOW = "now()"
RANDOM = "gen_random_uuid()"


@dataclass(frozen=True)
class Column:
    """`default` is None where the design names none."""

    name: str
    type: str
    length: int | None = None
    default: str | None = None
    not_null: bool = False


def key(name: str = "id", default: str | None = RANDOM) -> Column:
    return Column(name, "uuid", default=default, not_null=True)


def uuid(name: str, *, not_null: bool = False) -> Column:
    return Column(name, "uuid", not_null=not_null)


def text(
    name: str, length: int | None = None, default: str | None = None, *, not_null: bool = False
) -> Column:
    return Column(name, "character varying" if length else "text", length, default, not_null)


def count(name: str) -> Column:
    return Column(name, "integer", default="0")


def flag(name: str) -> Column:
    return Column(name, "boolean", default="false")


def timestamp(name: str = "created_at") -> Column:
    return Column(name, TIME, default=NOW)


RSVP_STATUSES = ", ".join(
    f"'{one}'::character varying" for one in ("GOING", "INTERESTED", "MAYBE", "NOT_GOING")
)
USER_CACHE = [
    key(default=None),
    text("username", 50, not_null=True),
    text("display_name", 100),
    text("avatar_url", 500),
    flag("verified"),
    timestamp("last_synced"),
]
COLUMNS: dict[tuple[str, str], list[Column]] = {
    ("users", "users"): [
        key(),
        text("email", 255, not_null=True),
        text("username", 50, not_null=True),
        text("password_hash", 255, not_null=True),
        text("display_name", 100),
        text("bio"),
        text("avatar_url", 500),
        flag("verified"),
        timestamp(),
    ],
    ("users", "user_sessions"): [
        key(),
        uuid("user_id", not_null=True),
        text("token_hash", 255, not_null=True),
        Column("expires_at", TIME, not_null=True),
    ],
    ("social", "follows"): [
        key(),
        uuid("follower_id", not_null=True),
        uuid("following_id", not_null=True),
        timestamp(),
    ],
    ("social", "user_social_stats"): [
        key("user_id", None),
        count("followers_count"),
        count("following_count"),
        count("posts_count"),
    ],
    ("posts", "posts"): [
        key(),
        uuid("author_id", not_null=True),
        text("content", not_null=True),
        uuid("event_id"),
        count("like_count"),
        count("comment_count"),
        timestamp(),
    ],
    ("posts", "post_likes"): [key(), uuid("post_id", not_null=True), uuid("user_id", not_null=True)],
    ("events", "events"): [
        key(),
        uuid("creator_id", not_null=True),
        text("title", 200, not_null=True),
        text("description"),
        text("category", 50, "'SOCIAL'::character varying"),
        Column("start_datetime", TIME, not_null=True),
        Column("end_datetime", TIME, not_null=True),
        Column("capacity", "integer", not_null=True),
        count("going_count"),
        count("interested_count"),
    ],
    ("events", "event_rsvps"): [
        uuid("event_id", not_null=True),
        uuid("user_id", not_null=True),
        text("status", 20),
    ],
    ("notifications", "notifications"): [
        key(),
        uuid("recipient_id", not_null=True),
        uuid("sender_id"),
        text("type", 50, not_null=True),
        text("title", 200, not_null=True),
        text("message", not_null=True),
        uuid("reference_id"),
        flag("is_read"),
        timestamp(),
    ],
    **{(service, "user_cache"): USER_CACHE for service in USER_CACHE_SERVICES},
}
CONSTRAINTS: dict[tuple[str, str], list[str]] = {
    ("users", "users"): ["PRIMARY KEY (id)", "UNIQUE (email)", "UNIQUE (username)"],
    ("users", "user_sessions"): [
        "PRIMARY KEY (id)",
        "UNIQUE (token_hash)",
        "FOREIGN KEY (user_id) REFERENCES users(id)",
    ],
    ("social", "follows"): ["PRIMARY KEY (id)", "UNIQUE (follower_id, following_id)"],
    ("social", "user_social_stats"): ["PRIMARY KEY (user_id)"],
    ("posts", "posts"): ["PRIMARY KEY (id)", "CHECK ((length(content) <= 280))"],
    ("posts", "post_likes"): [
        "PRIMARY KEY (id)",
        "UNIQUE (post_id, user_id)",
        "FOREIGN KEY (post_id) REFERENCES posts(id)",
    ],
    ("events", "events"): ["PRIMARY KEY (id)", "CHECK ((capacity > 0))"],
    ("events", "event_rsvps"): [
        "UNIQUE (event_id, user_id)",
        "FOREIGN KEY (event_id) REFERENCES events(id)",
        f"CHECK (((status)::text = ANY ((ARRAY[{RSVP_STATUSES}])::text[])))",
    ],
    ("notifications", "notifications"): ["PRIMARY KEY (id)"],
    **{(service, "user_cache"): ["PRIMARY KEY (id)"] for service in USER_CACHE_SERVICES},
}
INDEXES = {
    ("posts", "idx_posts_author"): "ON public.posts USING btree (author_id)",
    ("posts", "idx_posts_created_at"): "ON public.posts USING btree (created_at DESC)",
    ("social", "idx_follows_follower"): "ON public.follows USING btree (follower_id)",
    ("notifications", "idx_notifications_unread"): (
        "ON public.notifications USING btree (recipient_id, is_read) WHERE (is_read = false)"
    ),
}
COUNT_TRIGGERS = {
    "social": {"follows"},
    "posts": {"post_likes", "comments"},
    "events": {"event_rsvps"},
}


@contextlib.asynccontextmanager
async def open_connection(url: str) -> AsyncIterator[RawConnection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def columns_of(connection: RawConnection, table: str) -> dict[str, Column]:
    rows = await connection.fetch(
        """
        SELECT column_name, data_type, character_maximum_length, column_default, is_nullable
        FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1
        """,
        table,
    )
    return {
        row["column_name"]: Column(
            row["column_name"],
            row["data_type"],
            row["character_maximum_length"],
            row["column_default"],
            row["is_nullable"] == "NO",
        )
        for row in rows
    }


@pytest.mark.parametrize(("service", "table"), COLUMNS)
async def test_table_matches_the_design(fresh_database: FreshDatabase, service: str, table: str) -> None:
    """Types, lengths, defaults, NOT NULL, keys and checks; a reference may have more."""
    async with open_connection(fresh_database(service)) as connection:
        found = await columns_of(connection, table)
        rows = await connection.fetch(
            "SELECT pg_get_constraintdef(oid) AS said FROM pg_constraint WHERE conrelid = $1::text::regclass",
            table,
        )
    for column in COLUMNS[service, table]:
        there = found[column.name]
        assert (there.type, there.length) == (column.type, column.length), column.name
        assert column.default is None or there.default == column.default, column.name
        assert there.not_null or not column.not_null, column.name
    stated = {row["said"].removesuffix(" ON DELETE CASCADE") for row in rows}
    assert set(CONSTRAINTS[service, table]) <= stated


@pytest.mark.parametrize(("service", "index"), INDEXES)
async def test_indexes_match_the_design(fresh_database: FreshDatabase, service: str, index: str) -> None:
    """Name, columns, order and condition."""
    async with open_connection(fresh_database(service)) as connection:
        stated = await connection.fetchval("SELECT indexdef FROM pg_indexes WHERE indexname = $1", index)
    assert stated == f"CREATE INDEX {index} {INDEXES[service, index]}"


@pytest.mark.parametrize("service", COUNT_TRIGGERS)
async def test_counts_are_maintained_by_triggers(fresh_database: FreshDatabase, service: str) -> None:
    """On every counted table, for inserts and deletes."""
    async with open_connection(fresh_database(service)) as connection:
        rows = await connection.fetch(
            """
            SELECT event_object_table, event_manipulation FROM information_schema.triggers
            WHERE trigger_name ~ '(counted|discounted)$'
            """
        )
    found = {(row["event_object_table"], row["event_manipulation"]) for row in rows}
    assert {(table, event) for table in COUNT_TRIGGERS[service] for event in ("INSERT", "DELETE")} <= found
