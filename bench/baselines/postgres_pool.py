"""The baselines' PostgreSQL pool: as many connections as Convene's, without a reset between uses."""

import asyncpg

CONNECTIONS = 10


class UnresetConnection(asyncpg.Connection):
    def get_reset_query(self) -> str:
        return ""


async def open_pool(url: str) -> "asyncpg.Pool[asyncpg.Record]":
    return await asyncpg.create_pool(
        url,
        min_size=CONNECTIONS,
        max_size=CONNECTIONS,
        connection_class=UnresetConnection,
        server_settings={"jit": "off"},
    )
