"""People by the thousand in PostgreSQL, for load tests. Never sees a token, only its hash."""

from collections.abc import Sequence
from typing import Final

from storage.contracts.crowd import Newcomer
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement

SERVICE: Final = "users"
DOMAIN: Final = "load.example"
UNUSABLE: Final = "!"
"""The hash of no password: whoever compares with it finds that nothing matches."""


class PostgresCrowd:
    """A `CrowdStore`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._insert = load_statement(SERVICE, "crowd_insert")

    async def admit(self, newcomers: Sequence[Newcomer], lifetime_s: int) -> int:
        rows = await self._pool.write(
            self._insert,
            [one.id for one in newcomers],
            [one.username for one in newcomers],
            [one.token_hash for one in newcomers],
            DOMAIN,
            UNUSABLE,
            float(lifetime_s),
        )
        return int(rows[0]["made"])
