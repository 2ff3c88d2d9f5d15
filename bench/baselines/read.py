"""A bare aiohttp handler with one read: the newest 20 posts of an author, as JSON.

One indexed statement on a pooled connection. No authentication, no author names, no pagination.
"""

import os
import uuid
from datetime import datetime

import asyncpg
import msgspec
from aiohttp import web

from bench.baselines.postgres_pool import open_pool
from bench.baselines.uvloop_app import run

NEWEST_POSTS = """
SELECT id, author_id, content, event_id, like_count, comment_count, created_at
FROM posts
WHERE author_id = $1 AND hidden_at IS NULL
ORDER BY created_at DESC, id DESC
LIMIT 20
"""


class Post(msgspec.Struct, frozen=True):
    id: uuid.UUID
    author_id: uuid.UUID
    content: str
    event_id: uuid.UUID | None
    like_count: int
    comment_count: int
    created_at: datetime


encode = msgspec.json.Encoder().encode


class ReadHandler:
    def __init__(self, url: str) -> None:
        self._url = url

    async def open(self, _app: web.Application) -> None:
        self._pool: asyncpg.Pool[asyncpg.Record] = await open_pool(self._url)

    async def newest(self, request: web.Request) -> web.Response:
        author_id = uuid.UUID(request.match_info["id"])
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(NEWEST_POSTS, author_id)
        return web.Response(body=encode([Post(*row) for row in rows]), content_type="application/json")


def main() -> None:
    handler = ReadHandler(os.environ["BASELINE_POSTGRES_URL"])
    app = web.Application()
    app.on_startup.append(handler.open)
    app.router.add_get("/v1/users/{id}/posts", handler.newest)
    run(app, __doc__)


if __name__ == "__main__":
    main()
