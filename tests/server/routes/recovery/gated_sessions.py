"""A session store whose operations a test can block."""

import asyncio

from storage.contracts.users import SessionRecord
from storage.postgres.pool import PostgresPool
from storage.postgres.sessions import PostgresSessions


class GatedSessions(PostgresSessions):
    """Passes calls on until it is `shut`; then they block until it is opened."""

    def __init__(self, pool: PostgresPool) -> None:
        super().__init__(pool)
        self.gate = asyncio.Event()
        self.gate.set()
        self.waiting = asyncio.Event()

    def close_gate(self) -> None:
        self.gate.clear()
        self.waiting.clear()

    async def open(
        self, user_id: str, token_hash: str, lifetime_s: int, device: str | None = None
    ) -> SessionRecord:
        self.waiting.set()
        await self.gate.wait()
        return await super().open(user_id, token_hash, lifetime_s, device)
