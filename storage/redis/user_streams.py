"""User streams on Redis. Each operation is one atomic Lua script.

One hash holds all positions, their epoch and the run id of the server that started the epoch, so they are
valid together or lost together. An append-only file may lose its last second and a replica may lag, so a
server with another run id starts a new epoch. The scripts compute key names, so they need a single primary,
not Redis Cluster.

Appends of one loop tick are sent in as few calls as possible: reading the server's run id costs more than
the rest. An append with an unknown outcome is not retried.
"""

import asyncio
from collections.abc import Sequence
from contextvars import Context
from typing import TypeVar

from config.limits import STREAM_ITEMS_MAX, STREAM_RETENTION_S
from storage.contracts.bus import user_topic
from storage.contracts.user_streams import StreamItem, StreamPosition, decode_stream_item
from storage.errors import Unavailable
from storage.redis.command_client import CommandClient
from storage.redis.redis_address import parse_address
from storage.redis.resp_connection import CommandArg, Reply
from storage.redis.script import Script, make_script, run_script
from storage.redis.timeouts import Timeouts
from storage.store_calls import PoolStatistics

_EPOCH = """
local function begin(run)
  local now = redis.call('TIME')
  local before = redis.call('HGET', KEYS[1], ':epoch') or ''
  local epoch = redis.sha1hex(run .. ':' .. now[1] .. '.' .. now[2] .. ':' .. before):sub(1, 16)
  redis.call('UNLINK', KEYS[1])
  redis.call('HSET', KEYS[1], ':run', run, ':epoch', epoch)
  return epoch
end
local function run_id()
  return redis.call('INFO', 'server'):match('run_id:(%x+)') or 'none'
end
local function current()
  local run = run_id()
  local known = redis.call('HMGET', KEYS[1], ':run', ':epoch')
  if known[1] == run and known[2] then return known[2] end
  return begin(run)
end
local function list(epoch, user)
  return KEYS[1] .. ':' .. epoch .. ':' .. user
end
"""


def _script(body: str) -> Script:
    return make_script(_EPOCH + body)


# ARGV: items kept, retention in s, streams at most, topic prefix; then user, prefix, suffix of each append.
# Too many streams end the epoch, which also drops the positions of inactive users.
APPEND = _script("""
local epoch = current()
if redis.call('HLEN', KEYS[1]) > tonumber(ARGV[3]) then epoch = begin(run_id()) end
local answer = {epoch}
for at = 5, #ARGV, 3 do
  local user = ARGV[at]
  local position = string.format('%d', redis.call('HINCRBY', KEYS[1], user, 1))
  local item = epoch .. ' ' .. position .. ' ' .. ARGV[at + 1] .. position .. ARGV[at + 2]
  local kept = list(epoch, user)
  redis.call('RPUSH', kept, item)
  redis.call('LTRIM', kept, -tonumber(ARGV[1]), -1)
  redis.call('EXPIRE', kept, ARGV[2])
  redis.call('PUBLISH', ARGV[4] .. user, item)
  answer[#answer + 1] = position
end
return answer
""")

# ARGV: users.
POSITIONS = _script("""
local answer = {current()}
local found = redis.call('HMGET', KEYS[1], unpack(ARGV))
for at = 1, #ARGV do answer[at + 1] = found[at] or '0' end
return answer
""")

# ARGV: user, epoch, position, limit. A position above the last one was not assigned in this epoch.
READ_AFTER = _script("""
if current() ~= ARGV[2] then return false end
local missed = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0') - tonumber(ARGV[3])
local kept = list(ARGV[2], ARGV[1])
if missed < 0 or redis.call('LLEN', kept) < missed then return false end
if missed == 0 then return {} end
return redis.call('LRANGE', kept, -missed, math.min(-1, tonumber(ARGV[4]) - missed - 1))
""")

BEGIN_EPOCH = _script("""
return begin(run_id())
""")

KEY = "convene:streams"
STREAMS_MAX = 1_000_000
APPENDS_PER_CALL = 100
POSITIONS_PER_CALL = 1000
PENDING_APPENDS_MAX = 20_000
HEALTH_STREAM = "health"
"""Stream of no user: keeps the one item that was appended last by a check."""
HEALTH_RETENTION_S = 60

PendingStreamAppend = tuple[str, bytes, bytes, "asyncio.Future[StreamPosition]"]


class RedisUserStreams:
    """Implements `storage.contracts.user_streams.UserStreams`."""

    def __init__(self, url: str, timeouts: Timeouts) -> None:
        self._client = CommandClient(parse_address(url), timeouts, "streams")
        self._waiting: list[PendingStreamAppend] = []
        self._unanswered = 0
        self._calls: set[asyncio.Task[None]] = set()
        # Failed appends, and how many of them the current epoch follows.
        self._failed_appends = 0
        self._failures_covered = 0

    @classmethod
    async def open(cls, url: str, *, timeouts: Timeouts | None = None) -> "RedisUserStreams":
        """Connect. Raises `Unavailable`, or `InvalidStoreUrl`."""
        streams = cls(url, timeouts or Timeouts())
        await streams._client.connection.open()
        return streams

    def statistics(self) -> list[PoolStatistics]:
        return [self._client.statistics()]

    async def close(self) -> None:
        """Wait for pending appends, at most for the reply timeout, and disconnect."""
        if self._waiting:
            self._flush()
        await asyncio.gather(*self._calls)
        await self._client.connection.close()

    async def append(self, user_id: str, prefix: bytes, suffix: bytes) -> StreamPosition:
        if self._unanswered >= PENDING_APPENDS_MAX:
            self._failed_appends += 1
            self._client.connection.outage.failed("too many pending appends")
            raise Unavailable("redis: too many pending appends")
        loop = asyncio.get_running_loop()
        appended: asyncio.Future[StreamPosition] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._flush, context=Context())
        self._waiting.append((user_id, prefix, suffix, appended))
        self._unanswered += 1
        return await appended

    async def positions(self, user_ids: Sequence[str]) -> list[StreamPosition]:
        calls = (self._read_positions(chunk) for chunk in _chunks(user_ids, POSITIONS_PER_CALL))
        return [position for chunk in await asyncio.gather(*calls) for position in chunk]

    async def read_after(
        self, user_id: str, epoch: str, position: int, limit: int
    ) -> list[StreamItem] | None:
        reply = await self._run_script(READ_AFTER, (user_id, epoch, position, limit))
        return None if reply is None else [decode_stream_item(item) for item in reply]

    async def begin_epoch(self) -> None:
        await self._run_script(BEGIN_EPOCH, ())

    async def begin_epoch_after_loss(self) -> None:
        failed_appends = self._failed_appends
        if failed_appends > self._failures_covered:
            await self.begin_epoch()
            self._failures_covered = failed_appends

    async def check(self) -> None:
        arguments = (1, HEALTH_RETENTION_S, STREAMS_MAX, user_topic(""), HEALTH_STREAM, b"", b"")
        await self._run_script(APPEND, arguments)

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        for chunk in _chunks(waiting, APPENDS_PER_CALL):
            call = asyncio.create_task(self._append(chunk))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)

    async def _append(self, appends: Sequence[PendingStreamAppend]) -> None:
        arguments: list[CommandArg] = [STREAM_ITEMS_MAX, STREAM_RETENTION_S, STREAMS_MAX, user_topic("")]
        for user_id, prefix, suffix, _ in appends:
            arguments += (user_id, prefix, suffix)
        try:
            reply = await self._run_script(APPEND, arguments)
        except Unavailable as error:
            self._failed_appends += len(appends)
            for *_, appended in appends:
                if not appended.done():
                    appended.set_exception(Unavailable(*error.args))
        else:
            for (*_, appended), position in zip(appends, _parse_positions(reply), strict=True):
                if not appended.done():
                    appended.set_result(position)
        finally:
            self._unanswered -= len(appends)

    async def _read_positions(self, user_ids: Sequence[str]) -> list[StreamPosition]:
        return _parse_positions(await self._run_script(POSITIONS, user_ids))

    async def _run_script(self, script: Script, arguments: Sequence[CommandArg]) -> Reply:
        return await run_script(self._client, script, KEY, *arguments)


def _parse_positions(reply: Reply) -> list[StreamPosition]:
    epoch, *positions = reply
    return [StreamPosition(epoch.decode(), int(position)) for position in positions]


ItemT = TypeVar("ItemT")


def _chunks(items: Sequence[ItemT], size: int) -> list[Sequence[ItemT]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
