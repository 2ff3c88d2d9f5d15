"""Access to posts in PostgreSQL, from follows, blocks and private accounts."""

from collections.abc import Mapping, Sequence

from storage.contracts.post_access import PostAccess
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement
from storage.postgres.uuid_params import to_uuid

SERVICE = "social"
ACCESS_BY_NAME = {access.value: access for access in PostAccess}


class PostgresPostAccess:
    """Implements `storage.contracts.post_access.PostAccessStore`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._list = load_statement(SERVICE, "post_access", "post_access_list")

    async def find(
        self, pairs: Sequence[tuple[str, str]], *, without_muted: bool = False
    ) -> Mapping[tuple[str, str], PostAccess]:
        # Pages have one viewer and many authors, or one author and many viewers: each id is parsed once.
        uuids = {user_id: to_uuid(user_id) for user_id in {user_id for pair in pairs for user_id in pair}}
        wanted = [pair for pair in pairs if uuids[pair[0]] and uuids[pair[1]]]
        if not wanted:
            return {}
        viewers = [uuids[viewer_id] for viewer_id, _ in wanted]
        authors = [uuids[author_id] for _, author_id in wanted]
        found: dict[tuple[str, str], PostAccess] = {}
        for author_uuid, access, viewer_ids in await self._pool.rows(
            self._list, viewers, authors, without_muted
        ):
            author_id, level = str(author_uuid), ACCESS_BY_NAME[access]
            for viewer_id in viewer_ids:
                found[viewer_id, author_id] = level
        return found
