"""Fills databases with as many rows as a large installation has, for benchmarks of single requests."""

import random
import uuid
from collections.abc import Sequence
from contextlib import AsyncExitStack

import asyncpg

from storage.contracts.identifiers import entry_id, new_attempt_id
from storage.contracts.message_log import MessageEntry
from storage.contracts.messaging import ConversationRecord, LastMessage
from storage.postgres.migrations import create_database, migrate
from storage.postgres.pool import PostgresPool

INSERT_ROWS = 1000

MESSAGES_PER_CONVERSATION = 500


async def open_pool(postgres_url: str, service: str, stack: AsyncExitStack) -> PostgresPool:
    url = await create_database(postgres_url, service)
    await migrate(url, service)
    pool = PostgresPool(url)
    await pool.open()
    stack.push_async_callback(pool.close)
    return pool


async def fill(
    postgres_url: str, service: str, table: str, columns: tuple[str, ...], rows: Sequence[tuple[object, ...]]
) -> None:
    """Copy rows without triggers, and collect the planner's statistics."""
    connection = await asyncpg.connect(await create_database(postgres_url, service))
    try:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(
            f"CREATE TEMP TABLE copied AS SELECT {', '.join(columns)} FROM {table} WITH NO DATA"
        )
        # COPY sends binary values, which the driver has no encoding for in this column.
        if "search_words" in columns:
            await connection.execute("ALTER TABLE copied ALTER COLUMN search_words TYPE TEXT")
        await connection.copy_records_to_table("copied", columns=columns, records=rows)
        selected = ", ".join(
            "CAST(search_words AS TSVECTOR)" if column == "search_words" else column for column in columns
        )
        await connection.execute(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {selected} FROM copied")
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


def random_uuid(rng: random.Random) -> uuid.UUID:
    return uuid.UUID(int=rng.getrandbits(128), version=4)


def make_conversation(
    conversation_id: str, members: list[str], at_ms: int, sender_id: str
) -> ConversationRecord:
    last = LastMessage("x" * 60, sender_id, at_ms, MESSAGES_PER_CONVERSATION)
    return ConversationRecord(
        id=conversation_id,
        type="GROUP",
        name="bench",
        participants=tuple(members),
        admins=(),
        created_at_ms=at_ms,
        last_message=last,
        last_seq=MESSAGES_PER_CONVERSATION,
    )


def make_message(conversation_id: str, seq: int, sender_id: str, now_ms: int) -> MessageEntry:
    return MessageEntry(
        id=entry_id(conversation_id, seq),
        conversation_id=conversation_id,
        seq=seq,
        changed_seq=seq,
        attempt_id=new_attempt_id(),
        sender_id=sender_id,
        client_id=f"{conversation_id}-{seq}",
        content="The quick brown fox jumps over the lazy dog.",
        message_type="TEXT",
        mentions=(),
        reply_to=None,
        created_at_ms=now_ms,
    )
