"""Access to posts in PostgreSQL, from follows, blocks and private accounts."""

from collections.abc import Mapping, Sequence

from storage.contracts.post_access import PostAccess
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement
from storage.postgres.uuid_params import to_uuid

SERVICE = "social"


class PostgresPostAccess:
    """Implements `storage.contracts.post_access.PostAccessStore`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._list = load_statement(SERVICE, "post_access", "post_access_list")

    async def find(self, pairs: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], PostAccess]:
        wanted = [
            (viewer_uuid, author_uuid)
            for viewer_id, author_id in pairs
            if (viewer_uuid := to_uuid(viewer_id)) and (author_uuid := to_uuid(author_id))
        ]
        if not wanted:
            return {}
        viewers, authors = zip(*wanted, strict=True)
        rows = await self._pool.rows(self._list, list(viewers), list(authors))
        found: dict[tuple[str, str], PostAccess] = {}
        for author_uuid, access, viewer_ids in rows:
            author_id, level = str(author_uuid), PostAccess(access)
            found.update(((viewer_id, author_id), level) for viewer_id in viewer_ids)
        return found
