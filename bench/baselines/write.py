"""A bare aiohttp handler with one write: BEGIN, one INSERT, COMMIT.

Each table has the columns of Convene's table and one unique index, and is recreated at start. The path names
the user. No authentication, checks, counts or events.
"""

import os
import uuid

import asyncpg
import msgspec
from aiohttp import web

from bench.baselines.postgres_pool import open_pool
from bench.baselines.uvloop_app import run

TABLES = """
DROP TABLE IF EXISTS likes, follows, rsvps;
CREATE TABLE likes (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    post_id UUID NOT NULL,
    user_id UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    UNIQUE (post_id, user_id)
);
CREATE TABLE follows (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    following_id UUID NOT NULL,
    follower_id UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    UNIQUE (follower_id, following_id)
);
CREATE TABLE rsvps (
    event_id UUID NOT NULL,
    user_id UUID NOT NULL,
    status VARCHAR(20) NOT NULL,
    answered_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    UNIQUE (event_id, user_id)
);
"""
INSERT_LIKE = "INSERT INTO likes (post_id, user_id) VALUES ($1, $2)"
INSERT_FOLLOW = "INSERT INTO follows (following_id, follower_id) VALUES ($1, $2)"
INSERT_RSVP = "INSERT INTO rsvps (event_id, user_id, status) VALUES ($1, $2, $3)"


class RsvpRequest(msgspec.Struct, frozen=True):
    status: str


class RsvpResponse(msgspec.Struct, frozen=True):
    event_id: uuid.UUID
    user_id: uuid.UUID
    status: str


decode = msgspec.json.Decoder(RsvpRequest).decode
encode = msgspec.json.Encoder().encode


class WriteHandler:
    def __init__(self, url: str) -> None:
        self._url = url

    async def open(self, _app: web.Application) -> None:
        self._pool: asyncpg.Pool[asyncpg.Record] = await open_pool(self._url)
        await self._pool.execute(TABLES)

    async def like(self, request: web.Request) -> web.Response:
        await self._insert(INSERT_LIKE, *_ids(request))
        return web.Response(status=204)

    async def follow(self, request: web.Request) -> web.Response:
        await self._insert(INSERT_FOLLOW, *_ids(request))
        return web.Response(status=204)

    async def rsvp(self, request: web.Request) -> web.Response:
        rsvp = decode(await request.read())
        event_id, user_id = _ids(request)
        await self._insert(INSERT_RSVP, event_id, user_id, rsvp.status)
        return web.Response(
            body=encode(RsvpResponse(event_id, user_id, rsvp.status)), content_type="application/json"
        )

    async def _insert(self, statement: str, *values: object) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(statement, *values)


def _ids(request: web.Request) -> tuple[uuid.UUID, uuid.UUID]:
    return uuid.UUID(request.match_info["id"]), uuid.UUID(request.match_info["user"])


def main() -> None:
    handler = WriteHandler(os.environ["BASELINE_POSTGRES_URL"])
    app = web.Application()
    app.on_startup.append(handler.open)
    app.router.add_put("/v1/posts/{id}/like/{user}", handler.like)
    app.router.add_put("/v1/users/{id}/follow/{user}", handler.follow)
    app.router.add_put("/v1/events/{id}/rsvp/{user}", handler.rsvp)
    run(app, __doc__)


if __name__ == "__main__":
    main()
