"""The tables of the PostgreSQL services whose rows are kept for a limited time."""

from collections.abc import Mapping
from typing import Final

from config.retention import (
    DEAD_LETTER_RETENTION_S,
    EXPIRED_MAIL_TOKEN_RETENTION_S,
    EXPIRED_SESSION_RETENTION_S,
    NOTIFICATION_SOURCE_RETENTION_S,
    RESOLVED_REPORT_RETENTION_S,
)
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement

COMMON: Final = "common"
RETENTIONS_S: Final = {
    ("users", "user_sessions"): EXPIRED_SESSION_RETENTION_S,
    ("users", "mail_tokens"): EXPIRED_MAIL_TOKEN_RETENTION_S,
    ("users", "reports"): RESOLVED_REPORT_RETENTION_S,
    ("notifications", "notification_sources"): NOTIFICATION_SOURCE_RETENTION_S,
}


class PostgresPrunableTable:
    """Implements `storage.contracts.pruning.PrunableTable` with the statement `<table>_prune`."""

    def __init__(self, pool: PostgresPool, service: str, table: str, owner: str, retention_s: float) -> None:
        """`owner` is the folder of the statement: the service, or that of tables which all services have."""
        self.name = f"{service}.{table}"
        self._pool = pool
        self._retention_s = retention_s
        self._prune = load_statement(owner, "pruning", f"{table}_prune")

    async def prune(self, limit: int) -> int:
        return len(await self._pool.write(self._prune, self._retention_s, limit))


def prunable_tables(pools: Mapping[str, PostgresPool]) -> list[PostgresPrunableTable]:
    """Return the tables to prune in the databases of these services."""
    tables = [
        PostgresPrunableTable(pools[service], service, table, service, retention_s)
        for (service, table), retention_s in RETENTIONS_S.items()
    ]
    tables += [
        PostgresPrunableTable(pool, service, "dead_letters", COMMON, DEAD_LETTER_RETENTION_S)
        for service, pool in pools.items()
    ]
    return tables
