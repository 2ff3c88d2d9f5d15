"""Who reads whom, in PostgreSQL, as feeds ask for it. Never changes who follows whom."""

from collections.abc import Mapping, Sequence

from storage.postgres.cursors import PostgresCursors
from storage.postgres.identity import FIRST_ID, id_of, ids_of
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement
from storage.records.social import Audience, Followees, PostsCount
from storage.records.sync import Step

SERVICE = "social"


class PostgresAudiences:
    """An `Audiences`."""

    def __init__(self, pool: PostgresPool, cursors: PostgresCursors) -> None:
        self._pool = pool
        self._cursors = cursors
        self._followees = load_statement(SERVICE, "followee_list")
        self._followers = load_statement(SERVICE, "follower_list")
        self._audiences = load_statement(SERVICE, "audience_list")
        self._broadcast = load_statement(SERVICE, "broadcast_set")
        self._settle = load_statement(SERVICE, "broadcast_settle")
        self._count = load_statement(SERVICE, "stats_posts")
        self._renumber = load_statement(SERVICE, "stats_posts_renumber")

    async def followees(self, user_id: str) -> Followees:
        found = Followees([], [])
        for row in await self._pool.rows(self._followees, id_of(user_id)):
            (found.broadcast if row["broadcast"] else found.handed).append(str(row["following_id"]))
        return found

    async def followers_after(self, user_id: str, after: str, limit: int) -> list[str]:
        rows = await self._pool.rows(self._followers, id_of(user_id), id_of(after) or FIRST_ID, limit)
        return [str(row["follower_id"]) for row in rows]

    async def audiences(self, user_ids: Sequence[str]) -> Mapping[str, Audience]:
        rows = await self._pool.rows(self._audiences, ids_of(user_ids))
        return {str(row["user_id"]): Audience(*list(row.values())[1:]) for row in rows}

    async def set_broadcast(self, user_id: str) -> None:
        await self._pool.write(self._broadcast, id_of(user_id))

    async def settle_broadcast(self, user_id: str) -> None:
        await self._pool.write(self._settle, id_of(user_id))

    async def count_posts(self, counts: Sequence[PostsCount], step: Step | None) -> None:
        latest: dict[str, PostsCount] = {}
        for count in sorted(counts, key=lambda one: one.told):
            latest[count.user_id] = count
        rows = list(latest.values())
        async with self._pool.transaction() as transaction:
            if rows:
                await transaction.rows(
                    self._count,
                    ids_of(one.user_id for one in rows),
                    [one.posts_count for one in rows],
                    [one.told for one in rows],
                )
            await self._cursors.moved(transaction, step)

    async def renumber_posts(self) -> None:
        await self._pool.write(self._renumber)
