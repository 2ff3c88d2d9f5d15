"""Users that rows of other tables name, loaded in one query."""

from collections.abc import Iterable

from storage.contracts.users import UserRecord
from storage.postgres.pool import PostgresPool
from storage.postgres.users import PostgresUsers


class UsersById:
    def __init__(self, pool: PostgresPool) -> None:
        self._users = PostgresUsers(pool)

    async def load(self, user_ids: Iterable[str | None]) -> dict[str, UserRecord]:
        """Return those of the users that exist. None is skipped."""
        wanted = {user_id for user_id in user_ids if user_id is not None}
        return {user.id: user for user in await self._users.find(list(wanted))}
