"""A bare aiohttp handler that reads one row by primary key, with asyncpg's default pool."""

import os
import uuid
from datetime import datetime

import asyncpg
import msgspec
from aiohttp import web

from bench.baselines.uvloop_app import run

USER_BY_ID = "SELECT id, username, display_name, avatar_url, bio, created_at FROM users WHERE id = $1"


class User(msgspec.Struct, frozen=True):
    id: uuid.UUID
    username: str
    display_name: str | None
    avatar_url: str | None
    bio: str | None
    created_at: datetime


encode = msgspec.json.Encoder().encode


class ReadHandler:
    def __init__(self, url: str) -> None:
        self._url = url

    async def open(self, _app: web.Application) -> None:
        self._pool: asyncpg.Pool[asyncpg.Record] = await asyncpg.create_pool(self._url)

    async def user(self, request: web.Request) -> web.Response:
        user_id = uuid.UUID(request.match_info["id"])
        async with self._pool.acquire() as connection:
            row = await connection.fetchrow(USER_BY_ID, user_id)
        if row is None:
            raise web.HTTPNotFound
        return web.Response(body=encode(User(*row.values())), content_type="application/json")


def main() -> None:
    handler = ReadHandler(os.environ["BASELINE_POSTGRES_URL"])
    app = web.Application()
    app.on_startup.append(handler.open)
    app.router.add_get("/v1/users/{id}", handler.user)
    run(app, __doc__)


if __name__ == "__main__":
    main()
