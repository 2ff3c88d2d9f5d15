"""Consistency checks of counts and of the audit log in PostgreSQL. Read-only."""

from collections.abc import Sequence
from typing import Final

from storage.contracts.audit import ContentAction
from storage.contracts.moderation import to_target_kind
from storage.contracts.social import PostsCount
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import Statement, load_statement
from storage.postgres.uuid_params import MIN_UUID, to_uuid, to_uuids

AUDITS: Final[dict[str, Statement]] = {
    "social": load_statement("social", "audit", "audit"),
    "posts": load_statement("posts", "audit", "audit"),
    "events": load_statement("events", "audit", "audit"),
    "notifications": load_statement("notifications", "audit", "audit"),
    "users": load_statement("users", "audit", "audit"),
}


class PostgresCountAudit:
    """Implements `storage.contracts.audit.CountAudit` for one service."""

    def __init__(self, pool: PostgresPool, service: str) -> None:
        self._pool = pool
        self._count_mismatches = AUDITS[service]

    async def count_mismatches(self) -> int:
        row = await self._pool.row(self._count_mismatches)
        return int(row["mismatch_count"]) if row else 0


class PostgresPostsAudit(PostgresCountAudit):
    """Implements `storage.contracts.audit.PostsAudit`."""

    def __init__(self, pool: PostgresPool) -> None:
        super().__init__(pool, "posts")
        self._counts = load_statement("posts", "audit", "author_stats_list")

    async def posts_counts(self, author_ids: Sequence[str]) -> dict[str, int]:
        rows = await self._pool.rows(self._counts, to_uuids(author_ids))
        return {str(row["author_id"]): row["posts_count"] for row in rows}


class PostgresSocialAudit(PostgresCountAudit):
    """Implements `storage.contracts.audit.SocialAudit`."""

    def __init__(self, pool: PostgresPool) -> None:
        super().__init__(pool, "social")
        self._page = load_statement("social", "audit", "posts_count_page")

    async def page_posts_counts(self, after: str, limit: int) -> list[PostsCount]:
        rows = await self._pool.rows(self._page, to_uuid(after) or MIN_UUID, limit)
        return [PostsCount(str(row["user_id"]), row["posts_count"], 0) for row in rows]


class PostgresModerationAudit:
    """Implements `storage.contracts.audit.ModerationAudit`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._count_misassigned = AUDITS["users"]
        self._is_protected = load_statement("users", "audit", "action_log_is_protected")
        self._latest_actions = load_statement("users", "audit", "content_action_latest_list")

    async def count_misassigned_reports(self) -> int:
        row = await self._pool.row(self._count_misassigned)
        return int(row["mismatch_count"]) if row else 0

    async def is_log_append_only(self) -> bool:
        row = await self._pool.row(self._is_protected)
        return bool(row and row["is_protected"])

    async def list_content_actions(self, limit: int) -> list[ContentAction]:
        rows = await self._pool.rows(self._latest_actions, limit)
        return [
            ContentAction(kind, row["target_id"], hidden=row["type"] == "hide")
            for row in rows
            if (kind := to_target_kind(row["target_kind"])) is not None
        ]
