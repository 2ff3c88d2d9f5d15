"""Sessions that open only when a test lets them."""

import asyncio

from storage.postgres.pool import PostgresPool
from storage.postgres.sessions import PostgresSessions
from storage.records.users import SessionRecord


class LateSessions(PostgresSessions):
    """Lets everybody in until it is `shut`; then who comes waits at the door."""

    def __init__(self, pool: PostgresPool) -> None:
        super().__init__(pool)
        self.door = asyncio.Event()
        self.door.set()
        self.at_the_door = asyncio.Event()

    def shut(self) -> None:
        self.door.clear()
        self.at_the_door.clear()

    async def open(self, user_id: str, token_hash: str, lifetime_s: int) -> SessionRecord:
        self.at_the_door.set()
        await self.door.wait()
        return await super().open(user_id, token_hash, lifetime_s)
