"""Edits of posts in PostgreSQL. An edit locks its post, so edits of one post happen one after the other."""

from collections.abc import Sequence

from storage.contracts.paging import PageKey
from storage.contracts.posts import EditOutcome, PostChange, PostRevisionRecord
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement
from storage.postgres.uuid_params import page_before, to_uuid, to_uuids

SERVICE = "posts"


class PostgresPostEdits:
    """Implements `storage.contracts.posts.PostEditStore`."""

    def __init__(self, pool: PostgresPool, window_s: float, revisions_max: int) -> None:
        self._pool = pool
        self._window_s = window_s
        self._revisions_max = revisions_max
        self._lock = load_statement(SERVICE, "post_edits", "post_edit_lock")
        self._count = load_statement(SERVICE, "post_edits", "post_revision_count")
        self._edit = load_statement(SERVICE, "post_edits", "post_edit")
        self._page = load_statement(SERVICE, "post_edits", "post_revision_page")

    async def edit(self, post_id: str, author_id: str, change: PostChange) -> EditOutcome:
        post_uuid = to_uuid(post_id)
        async with self._pool.transaction() as transaction:
            row = await transaction.row(self._lock, post_uuid, to_uuid(author_id), self._window_s)
            if row is None:
                return EditOutcome.MISSING
            if row["is_repost"]:
                return EditOutcome.IS_REPOST
            if not row["in_time"]:
                return EditOutcome.TOO_LATE
            if row["content"] == change.content:
                return EditOutcome.DONE
            counted = await transaction.row(self._count, post_uuid)
            if counted is None or counted["revision_count"] >= self._revisions_max:
                return EditOutcome.TOO_OFTEN
            await transaction.row(
                self._edit,
                post_uuid,
                change.content,
                to_uuids(change.references.mention_ids),
                list(change.references.tags),
                list(change.references.tag_keys),
            )
        return EditOutcome.DONE

    async def revisions(
        self, post_id: str, before: PageKey | None, limit: int
    ) -> Sequence[PostRevisionRecord]:
        rows = await self._pool.rows(self._page, to_uuid(post_id), *page_before(before), limit)
        return [PostRevisionRecord(str(row["id"]), row["content"], row["written_at"]) for row in rows]
