"""The tables of the PostgreSQL services whose rows are kept for a limited time."""

from collections.abc import Mapping
from typing import Final

import msgspec

from config.retention import (
    DEAD_LETTER_RETENTION_S,
    EVENT_ANNOUNCEMENT_RETENTION_S,
    EXPIRED_EXPORT_RETENTION_S,
    EXPIRED_MAIL_TOKEN_RETENTION_S,
    EXPIRED_MUTE_RETENTION_S,
    EXPIRED_REQUEST_RETENTION_S,
    EXPIRED_SESSION_RETENTION_S,
    IDEMPOTENT_RESPONSE_RETENTION_S,
    NOTIFICATION_SOURCE_RETENTION_S,
    RESOLVED_REPORT_RETENTION_S,
)
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import Statement, load_statement

COMMON: Final = "common"
DEAD_LETTERS: Final = load_statement(COMMON, "pruning", "dead_letters_prune")
"""For the table of that name that every service has."""


class Retention(msgspec.Struct, frozen=True):
    """A table, the statement that deletes its old rows, and the age from which they are old."""

    service: str
    table: str
    prune: Statement
    retention_s: float


RETENTIONS: Final = (
    Retention(
        "users",
        "user_sessions",
        load_statement("users", "pruning", "user_sessions_prune"),
        EXPIRED_SESSION_RETENTION_S,
    ),
    Retention(
        "users",
        "mail_tokens",
        load_statement("users", "pruning", "mail_tokens_prune"),
        EXPIRED_MAIL_TOKEN_RETENTION_S,
    ),
    Retention(
        "users",
        "idempotent_responses",
        load_statement("users", "pruning", "idempotent_responses_prune"),
        IDEMPOTENT_RESPONSE_RETENTION_S,
    ),
    Retention(
        "users", "reports", load_statement("users", "pruning", "reports_prune"), RESOLVED_REPORT_RETENTION_S
    ),
    # Chunks first: an export is deleted when it has none.
    Retention(
        "users",
        "data_export_chunks",
        load_statement("users", "pruning", "data_export_chunks_prune"),
        EXPIRED_EXPORT_RETENTION_S,
    ),
    Retention(
        "users",
        "data_exports",
        load_statement("users", "pruning", "data_exports_prune"),
        EXPIRED_EXPORT_RETENTION_S,
    ),
    Retention(
        "social",
        "conversation_requests",
        load_statement("social", "pruning", "conversation_requests_prune"),
        EXPIRED_REQUEST_RETENTION_S,
    ),
    Retention(
        "social", "mutes", load_statement("social", "pruning", "mutes_prune"), EXPIRED_MUTE_RETENTION_S
    ),
    Retention(
        "events",
        "event_announcements",
        load_statement("events", "pruning", "announcements_prune"),
        EVENT_ANNOUNCEMENT_RETENTION_S,
    ),
    Retention(
        "notifications",
        "notification_sources",
        load_statement("notifications", "pruning", "notification_sources_prune"),
        NOTIFICATION_SOURCE_RETENTION_S,
    ),
)


class PostgresPrunableTable:
    """Implements `storage.contracts.pruning.PrunableTable`."""

    def __init__(self, pool: PostgresPool, retention: Retention) -> None:
        self.name = f"{retention.service}.{retention.table}"
        self._pool = pool
        self._retention = retention

    async def prune(self, limit: int) -> int:
        return len(await self._pool.write(self._retention.prune, self._retention.retention_s, limit))


def prunable_tables(pools: Mapping[str, PostgresPool]) -> list[PostgresPrunableTable]:
    """Return the tables to prune in the databases of these services."""
    dead_letters = (
        Retention(service, "dead_letters", DEAD_LETTERS, DEAD_LETTER_RETENTION_S) for service in pools
    )
    return [PostgresPrunableTable(pools[one.service], one) for one in (*RETENTIONS, *dead_letters)]
