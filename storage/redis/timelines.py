"""Timelines on Redis. A post is 40 bytes there: its time, its id and its author's, in their order."""

import secrets
import struct
import uuid
from collections.abc import Sequence

from config.limits import TIMELINE_POSTS, TIMELINE_S
from storage.records.posts import PostKey
from storage.records.timelines import TimelinePage
from storage.redis.address import read_address
from storage.redis.patience import Patience
from storage.redis.requests import Requests
from storage.redis.script import run_script
from storage.redis.timeline_scripts import BEGIN, DROP, FINISH, PUSH, READ

KEY = "convene:timelines"
BUILDING_S = 30
USERS_PER_CALL = 1000
ID_BYTES = 16
_TIME = struct.Struct(">Q")


class RedisTimelines:
    """A `Timelines`."""

    def __init__(self, url: str, patience: Patience) -> None:
        self._requests = Requests(read_address(url), patience, "timelines")

    @classmethod
    async def open(cls, url: str, *, patience: Patience | None = None) -> "RedisTimelines":
        """Connect. Raises `Unavailable`, or `ValueError` for what is no URL of Redis."""
        timelines = cls(url, patience or Patience())
        await timelines._requests.link.open()
        return timelines

    async def close(self) -> None:
        await self._requests.link.close()

    async def read(self, user_id: str, before: PostKey | None, limit: int) -> TimelinePage | None:
        upper = b"+" if before is None else b"(" + _packed(before)[: _TIME.size + ID_BYTES]
        reply = await run_script(self._requests, READ, KEY, user_id, upper, limit, TIMELINE_S)
        if reply is None:
            return None
        cut, broadcast, posts = reply
        return TimelinePage(
            keys=[_unpacked(post) for post in posts],
            broadcast=[_id(broadcast, start) for start in range(0, len(broadcast), ID_BYTES)],
            cut=cut == b"1",
        )

    async def begin(self, user_id: str) -> str:
        token = secrets.token_hex(8)
        await run_script(self._requests, BEGIN, KEY, user_id, token, BUILDING_S)
        return token

    async def finish(
        self, user_id: str, token: str, keys: Sequence[PostKey], broadcast: Sequence[str], *, cut: bool
    ) -> bool:
        authors = b"".join(uuid.UUID(one).bytes for one in broadcast)
        posts = [_packed(key) for key in keys]
        done = await run_script(
            self._requests,
            FINISH,
            KEY,
            user_id,
            token,
            int(cut),
            authors,
            TIMELINE_POSTS,
            TIMELINE_S,
            *posts,
        )
        return bool(done)

    async def push(self, key: PostKey, user_ids: Sequence[str]) -> None:
        for start in range(0, len(user_ids), USERS_PER_CALL):
            some = user_ids[start : start + USERS_PER_CALL]
            await run_script(self._requests, PUSH, KEY, _packed(key), TIMELINE_POSTS, TIMELINE_S, *some)

    async def drop(self, user_ids: Sequence[str]) -> None:
        for start in range(0, len(user_ids), USERS_PER_CALL):
            await run_script(self._requests, DROP, KEY, *user_ids[start : start + USERS_PER_CALL])


def _packed(key: PostKey) -> bytes:
    return _TIME.pack(key.created_us) + bytes.fromhex((key.id + key.author_id).replace("-", ""))


def _unpacked(post: bytes) -> PostKey:
    (created_us,) = _TIME.unpack_from(post)
    return PostKey(created_us, _id(post, _TIME.size), _id(post, _TIME.size + ID_BYTES))


def _id(packed: bytes, start: int) -> str:
    digits = packed[start : start + ID_BYTES].hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
