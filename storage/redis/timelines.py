"""Timelines on Redis. A post is stored as 40 bytes: creation time, id and author id.

Two keys per user: a hash with the state, and a sorted set of posts, all with score 0 and so in byte order.
Fields of the hash: `state` (`ready`, or the token of a running rebuild), `broadcast`, `cut` (1 if truncated)
and `some` (1 if the sorted set had posts).
Key names contain the server's run id: data that a restart loads from disk or a replica may lack the last
second, so it is not used.

Each operation is one atomic Lua script. The scripts compute key names, so they need a single primary, not
Redis Cluster.
"""

import secrets
import struct
import uuid
from collections.abc import Sequence

from config.limits import TIMELINE_POSTS, TIMELINE_RETENTION_S
from storage.contracts.posts import PostKey
from storage.contracts.timelines import TimelinePage
from storage.redis.command_client import CommandClient
from storage.redis.redis_address import parse_address
from storage.redis.script import Script, make_script, run_script
from storage.redis.timeouts import Timeouts
from storage.store_calls import PoolStatistics

_KEYS = """
local run = redis.call('INFO', 'server'):match('run_id:(%x+)') or 'none'
local function state_key(user) return KEYS[1] .. ':' .. run .. ':a:' .. user end
local function posts(user) return KEYS[1] .. ':' .. run .. ':p:' .. user end
local function trim(user, most)
  local over = redis.call('ZCARD', posts(user)) - most
  if over > 0 then
    redis.call('ZREMRANGEBYRANK', posts(user), 0, over - 1)
    redis.call('HSET', state_key(user), 'cut', 1)
  end
end
"""


def _script(body: str) -> Script:
    return make_script(_KEYS + body)


# ARGV: user, upper bound, limit, retention in s.
READ = _script("""
local known = redis.call('HMGET', state_key(ARGV[1]), 'state', 'cut', 'broadcast', 'some')
if known[1] ~= 'ready' then return false end
if known[4] and redis.call('EXISTS', posts(ARGV[1])) == 0 then
  -- Evicted by a server short of memory: no timeline is better than a part of one.
  redis.call('DEL', state_key(ARGV[1]))
  return false
end
redis.call('EXPIRE', state_key(ARGV[1]), ARGV[4])
redis.call('EXPIRE', posts(ARGV[1]), ARGV[4])
return {known[2], known[3],
  redis.call('ZRANGE', posts(ARGV[1]), ARGV[2], '-', 'BYLEX', 'REV', 'LIMIT', 0, ARGV[3])}
""")

# ARGV: user, token, rebuild timeout in s.
BEGIN_REBUILD = _script("""
redis.call('DEL', state_key(ARGV[1]), posts(ARGV[1]))
redis.call('HSET', state_key(ARGV[1]), 'state', ARGV[2], 'cut', 0)
redis.call('EXPIRE', state_key(ARGV[1]), ARGV[3])
return 1
""")

# ARGV: user, token, truncated, broadcast, posts kept, retention in s; then posts.
FINISH_REBUILD = _script("""
if redis.call('HGET', state_key(ARGV[1]), 'state') ~= ARGV[2] then return 0 end
for at = 7, #ARGV, 500 do
  local members = {}
  for one = at, math.min(at + 499, #ARGV) do
    members[#members + 1] = 0
    members[#members + 1] = ARGV[one]
  end
  redis.call('ZADD', posts(ARGV[1]), unpack(members))
end
redis.call('HSET', state_key(ARGV[1]), 'state', 'ready', 'broadcast', ARGV[4])
if ARGV[3] == '1' then redis.call('HSET', state_key(ARGV[1]), 'cut', 1) end
if redis.call('EXISTS', posts(ARGV[1])) == 1 then redis.call('HSET', state_key(ARGV[1]), 'some', 1) end
trim(ARGV[1], tonumber(ARGV[5]))
redis.call('EXPIRE', state_key(ARGV[1]), ARGV[6])
redis.call('EXPIRE', posts(ARGV[1]), ARGV[6])
return 1
""")

# ARGV: post, posts kept, retention in s; then users.
PUSH = _script("""
for at = 4, #ARGV do
  local user = ARGV[at]
  local known = redis.call('HMGET', state_key(user), 'state', 'some')
  if known[2] and redis.call('EXISTS', posts(user)) == 0 then
    redis.call('DEL', state_key(user))
  elseif known[1] then
    redis.call('ZADD', posts(user), 0, ARGV[1])
    redis.call('HSET', state_key(user), 'some', 1)
    redis.call('EXPIRE', posts(user), ARGV[3])
    trim(user, tonumber(ARGV[2]))
  end
end
return 1
""")

# ARGV: users.
INVALIDATE = _script("""
for at = 1, #ARGV do redis.call('DEL', state_key(ARGV[at]), posts(ARGV[at])) end
return 1
""")

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
        """Connect. Raises `Unavailable`, or `InvalidStoreUrl`."""
        timelines = cls(url, timeouts or Timeouts())
        await timelines._client.connection.open()
        return timelines

    def statistics(self) -> list[PoolStatistics]:
        return [self._client.statistics()]

    async def close(self) -> None:
        await self._client.connection.close()

    async def read(self, user_id: str, before: PostKey | None, limit: int) -> TimelinePage | None:
        upper = b"+" if before is None else b"(" + _encode_key(before)[: _TIME.size + ID_BYTES]
        reply = await run_script(self._client, READ, KEY, user_id, upper, limit, TIMELINE_RETENTION_S)
        if reply is None:
            return None
        truncated, broadcast, posts = reply
        return TimelinePage(
            keys=[_decode_key(post) for post in posts],
            broadcast=[_decode_uuid(broadcast, start) for start in range(0, len(broadcast), ID_BYTES)],
            truncated=truncated == b"1",
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
