"""Writes as an instance of release 0.1.0 does: with its statements, over a connection that stays open."""

import asyncio
import contextlib
import uuid
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from tests.operations import release_fixture


class ReleaseWriter:
    """Writes rows of one service. `ids` are those of the rows that were committed, by table."""

    def __init__(self, url: str, service: str) -> None:
        self._url = url
        self._service = service
        self._statements = {
            statement.name: statement.text
            for owner, statement in release_fixture.statements()
            if owner == service
        }
        self._connection: asyncpg.Connection[asyncpg.Record]
        self.ids: dict[str, list[uuid.UUID]] = defaultdict(list)
        self.rounds = 0

    async def write_until(self, stop: asyncio.Event) -> None:
        """Write round after round. Raises what the database refuses, except for deadlocks.

        For a statement that waited for a lock of the migration since before the migration waited for one of
        its own, PostgreSQL may end the statement. The release answers 503, and clients retry.
        """
        self._connection = await asyncpg.connect(self._url)
        try:
            while not stop.is_set():
                with contextlib.suppress(asyncpg.DeadlockDetectedError):
                    await self._write()
                    self.rounds += 1
        finally:
            await self._connection.close()

    async def _insert(self, table: str, statement: str, *values: Any) -> uuid.UUID:
        row = await self._connection.fetchrow(self._statements[statement], *values)
        assert row is not None, statement
        row_id: uuid.UUID = row["id"]
        self.ids[table].append(row_id)
        return row_id

    async def _write(self) -> None:
        one, other = uuid.uuid4(), uuid.uuid4()
        match self._service:
            case "users":
                name = f"r{one.hex[:20]}"
                user = await self._insert("users", "user_insert", f"{name}@example.test", name, "hash", name)
                await self._insert("user_sessions", "session_insert", user, f"{one.hex}{other.hex}", 3600.0)
            case "social":
                await self._insert("follows", "follow_insert", one, other)
            case "posts":
                post = await self._insert("posts", "post_insert", one, "a post", None)
                await self._insert("post_likes", "like_insert", post, other)
                await self._insert("comments", "comment_insert", post, other, "a comment")
            case "events":
                start = datetime.now(UTC) + timedelta(days=1)
                times = (start, start + timedelta(hours=1))
                event = await self._insert("events", "event_insert", one, "Picnic", "", "OUTDOORS", *times, 5)
                row = await self._connection.fetchrow(
                    self._statements["rsvp_answer"], event, other, "GOING", False
                )
                assert row is not None
                assert row["status"] == "GOING"
            case "notifications":
                texts = ["FOLLOW", "title", "message", "head", "tail"]
                values = (
                    *([one], [f"FOLLOW:{other}"], [other]),
                    *([text] for text in texts),
                    *([None], ["FOLLOW"], [None], [None]),
                )
                await self._insert("notifications", "notification_upsert", *values)
