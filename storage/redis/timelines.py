"""Timelines on Redis. A post is stored as 40 bytes: creation time, id and author id."""

import secrets
import struct
import uuid
from collections.abc import Sequence

from config.limits import TIMELINE_POSTS, TIMELINE_RETENTION_S
from storage.records.posts import PostKey
from storage.records.timelines import TimelinePage
from storage.redis.command_client import CommandClient
from storage.redis.redis_address import parse_address
from storage.redis.script import run_script
from storage.redis.timeline_scripts import BEGIN_REBUILD, FINISH_REBUILD, INVALIDATE, PUSH, READ
from storage.redis.timeouts import Timeouts

KEY = "convene:timelines"
REBUILD_TIMEOUT_S = 30
USERS_PER_CALL = 1000
ID_BYTES = 16
_TIME = struct.Struct(">Q")


class RedisTimelines:
    """Implements `storage.contracts.timelines.Timelines`."""

    def __init__(self, url: str, timeouts: Timeouts) -> None:
        self._client = CommandClient(parse_address(url), timeouts, "timelines")

    @classmethod
    async def open(cls, url: str, *, timeouts: Timeouts | None = None) -> "RedisTimelines":
        """Connect. Raises `Unavailable`, or `ValueError` if `url` is not a Redis URL."""
        timelines = cls(url, timeouts or Timeouts())
        await timelines._client.connection.open()
        return timelines

    async def close(self) -> None:
        await self._client.connection.close()

    async def read(self, user_id: str, before: PostKey | None, limit: int) -> TimelinePage | None:
        upper = b"+" if before is None else b"(" + _encode_key(before)[: _TIME.size + ID_BYTES]
        reply = await run_script(self._client, READ, KEY, user_id, upper, limit, TIMELINE_RETENTION_S)
        if reply is None:
            return None
        cut, broadcast, posts = reply
        return TimelinePage(
            keys=[_decode_key(post) for post in posts],
            broadcast=[_decode_uuid(broadcast, start) for start in range(0, len(broadcast), ID_BYTES)],
            truncated=cut == b"1",
        )

    async def begin_rebuild(self, user_id: str) -> str:
        token = secrets.token_hex(8)
        await run_script(self._client, BEGIN_REBUILD, KEY, user_id, token, REBUILD_TIMEOUT_S)
        return token

    async def finish_rebuild(
        self, user_id: str, token: str, keys: Sequence[PostKey], broadcast: Sequence[str], *, truncated: bool
    ) -> bool:
        authors = b"".join(uuid.UUID(author_id).bytes for author_id in broadcast)
        posts = [_encode_key(key) for key in keys]
        stored = await run_script(
            self._client,
            FINISH_REBUILD,
            KEY,
            user_id,
            token,
            int(truncated),
            authors,
            TIMELINE_POSTS,
            TIMELINE_RETENTION_S,
            *posts,
        )
        return bool(stored)

    async def push(self, key: PostKey, user_ids: Sequence[str]) -> None:
        for start in range(0, len(user_ids), USERS_PER_CALL):
            batch = user_ids[start : start + USERS_PER_CALL]
            await run_script(
                self._client, PUSH, KEY, _encode_key(key), TIMELINE_POSTS, TIMELINE_RETENTION_S, *batch
            )

    async def invalidate(self, user_ids: Sequence[str]) -> None:
        for start in range(0, len(user_ids), USERS_PER_CALL):
            await run_script(self._client, INVALIDATE, KEY, *user_ids[start : start + USERS_PER_CALL])


def _encode_key(key: PostKey) -> bytes:
    return _TIME.pack(key.created_us) + bytes.fromhex((key.id + key.author_id).replace("-", ""))


def _decode_key(post: bytes) -> PostKey:
    (created_us,) = _TIME.unpack_from(post)
    return PostKey(created_us, _decode_uuid(post, _TIME.size), _decode_uuid(post, _TIME.size + ID_BYTES))


def _decode_uuid(packed: bytes, start: int) -> str:
    digits = packed[start : start + ID_BYTES].hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
