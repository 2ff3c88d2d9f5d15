"""The parts of a data export that are in PostgreSQL: one statement each, read with a cursor.

A row becomes a JSON object with the names of its columns.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from config.exports import EXPORT_BATCH_ROWS
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import Statement, load_statement
from storage.postgres.uuid_params import to_uuid


class Part(msgspec.Struct, frozen=True):
    """A file of the archive, the service whose database has it, and the statement that reads it."""

    name: str
    service: str
    statement: Statement


PARTS: Final = (
    Part("profile", "users", load_statement("users", "export_parts", "export_profile")),
    Part("sessions", "users", load_statement("users", "export_parts", "export_sessions")),
    Part("reports", "users", load_statement("users", "export_parts", "export_reports")),
    Part("moderation_actions", "users", load_statement("users", "export_parts", "export_moderation_actions")),
    Part("appeals", "users", load_statement("users", "export_parts", "export_appeals")),
    Part("following", "social", load_statement("social", "export_parts", "export_following")),
    Part("followers", "social", load_statement("social", "export_parts", "export_followers")),
    Part("blocks", "social", load_statement("social", "export_parts", "export_blocks")),
    Part("mutes", "social", load_statement("social", "export_parts", "export_mutes")),
    Part(
        "conversation_requests",
        "social",
        load_statement("social", "export_parts", "export_conversation_requests"),
    ),
    Part(
        "dismissed_suggestions",
        "social",
        load_statement("social", "export_parts", "export_dismissed_suggestions"),
    ),
    Part(
        "follow_requests",
        "social",
        load_statement("social", "export_parts", "export_follow_requests"),
    ),
    Part(
        "follow_requests_received",
        "social",
        load_statement("social", "export_parts", "export_follow_requests_received"),
    ),
    Part("posts", "posts", load_statement("posts", "export_parts", "export_posts")),
    Part("post_revisions", "posts", load_statement("posts", "export_parts", "export_post_revisions")),
    Part("comments", "posts", load_statement("posts", "export_parts", "export_comments")),
    Part("likes", "posts", load_statement("posts", "export_parts", "export_likes")),
    Part("bookmarks", "posts", load_statement("posts", "export_parts", "export_bookmarks")),
    Part("comment_likes", "posts", load_statement("posts", "export_parts", "export_comment_likes")),
    Part("followed_tags", "posts", load_statement("posts", "export_parts", "export_followed_tags")),
    Part("events", "events", load_statement("events", "export_parts", "export_events")),
    Part("rsvps", "events", load_statement("events", "export_parts", "export_rsvps")),
    Part("waitlist", "events", load_statement("events", "export_parts", "export_waitlist")),
    Part("invites_received", "events", load_statement("events", "export_parts", "export_invites_received")),
    Part("invites_sent", "events", load_statement("events", "export_parts", "export_invites_sent")),
    Part("rsvp_requests", "events", load_statement("events", "export_parts", "export_rsvp_requests")),
    Part("hosted_events", "events", load_statement("events", "export_parts", "export_hosted_events")),
    Part("announcements", "events", load_statement("events", "export_parts", "export_announcements")),
    Part(
        "notifications",
        "notifications",
        load_statement("notifications", "export_parts", "export_notifications"),
    ),
    Part(
        "notification_preferences",
        "notifications",
        load_statement("notifications", "export_parts", "export_notification_preferences"),
    ),
)
"""In the order of the archive."""


class PostgresExportPart:
    """Implements `storage.contracts.data_exports.ExportPart`."""

    def __init__(self, pool: PostgresPool, part: Part) -> None:
        self.name = part.name
        self._pool = pool
        self._statement = part.statement

    async def read(self, user_id: str) -> AsyncGenerator[Sequence[bytes]]:
        async with self._pool.cursor(self._statement, to_uuid(user_id)) as cursor:
            while rows := await cursor.rows(EXPORT_BATCH_ROWS):
                yield [_encode(row) for row in rows]


def postgres_export_parts(pools: Mapping[str, PostgresPool]) -> list[PostgresExportPart]:
    """Return the parts in the databases of the services."""
    return [PostgresExportPart(pools[part.service], part) for part in PARTS]


def _encode(row: asyncpg.Record) -> bytes:
    return msgspec.json.encode({name: _to_json(value) for name, value in row.items()})


def _to_json(value: object) -> object:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case UUID():
            return str(value)
        case _:
            return value
