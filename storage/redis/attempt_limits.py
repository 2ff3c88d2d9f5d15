"""Attempt limits on Redis.

    <key>:limit:<name>   time in ms at which the budget is full again (GCRA: generic cell rate algorithm)
    <key>:known:<name>   sorted set: member -> time of its last addition

Each operation is one atomic Lua script. Times are the server's. The scripts compute key names, so they need
a single primary, not Redis Cluster. Every key expires; a full budget has none.
"""

from collections.abc import Sequence
from typing import Final

from storage.contracts.attempt_limits import AttemptLimit
from storage.redis.command_client import CommandClient
from storage.redis.redis_address import parse_address
from storage.redis.resp_connection import CommandArg
from storage.redis.script import Script, make_script, run_script
from storage.redis.timeouts import Timeouts
from storage.store_calls import PoolStatistics

_NAMES = """
local function limit(name) return KEYS[1] .. ':limit:' .. name end
local function known(name) return KEYS[1] .. ':known:' .. name end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function full_at(name) return math.max(now, tonumber(redis.call('GET', limit(name)) or now)) end
"""


def _script(body: str) -> Script:
    return make_script(_NAMES + body)


# ARGV: name, interval in ms, burst; for each limit.
TAKE = _script("""
local wait = 0
for at = 1, #ARGV, 3 do
  local interval = tonumber(ARGV[at + 1])
  wait = math.max(wait, full_at(ARGV[at]) - now - interval * (tonumber(ARGV[at + 2]) - 1))
end
if wait > 0 then return wait end
for at = 1, #ARGV, 3 do
  local full = full_at(ARGV[at]) + tonumber(ARGV[at + 1])
  redis.call('SET', limit(ARGV[at]), string.format('%d', full), 'PX', string.format('%d', full - now))
end
return 0
""")

# ARGV: name, interval in ms; for each limit.
REFUND = _script("""
for at = 1, #ARGV, 2 do
  local full = full_at(ARGV[at]) - tonumber(ARGV[at + 1])
  if full > now then
    redis.call('SET', limit(ARGV[at]), string.format('%d', full), 'PX', string.format('%d', full - now))
  else
    redis.call('DEL', limit(ARGV[at]))
  end
end
return 1
""")

# ARGV: name, member, members kept, lifetime in s.
ADD_KNOWN = _script("""
redis.call('ZADD', known(ARGV[1]), now, ARGV[2])
redis.call('ZREMRANGEBYRANK', known(ARGV[1]), 0, -1 - tonumber(ARGV[3]))
redis.call('EXPIRE', known(ARGV[1]), ARGV[4])
return 1
""")

# ARGV: name, member.
IS_KNOWN = _script("""
return redis.call('ZSCORE', known(ARGV[1]), ARGV[2]) and 1 or 0
""")

KEY: Final = "convene:attempts"
TIMEOUTS: Final = Timeouts(reply_s=1.0)
"""Shorter than elsewhere: a login waits for this before it is counted without Redis."""


class RedisAttemptLimits:
    """Implements `storage.contracts.attempt_limits.AttemptLimits`."""

    def __init__(self, url: str, timeouts: Timeouts) -> None:
        self._client = CommandClient(parse_address(url), timeouts, "attempts")

    @classmethod
    async def open(cls, url: str, *, timeouts: Timeouts | None = None) -> "RedisAttemptLimits":
        """Connect. Raises `Unavailable`, or `InvalidStoreUrl`."""
        store = cls(url, timeouts or TIMEOUTS)
        await store._client.connection.open()
        return store

    def statistics(self) -> list[PoolStatistics]:
        return [self._client.statistics()]

    async def close(self) -> None:
        await self._client.connection.close()

    async def take(self, limits: Sequence[AttemptLimit]) -> int:
        arguments: list[CommandArg] = []
        for limit in limits:
            arguments += (limit.key, limit.interval_ms, limit.burst)
        return int(await run_script(self._client, TAKE, KEY, *arguments))

    async def refund(self, limits: Sequence[AttemptLimit]) -> None:
        arguments: list[CommandArg] = []
        for limit in limits:
            arguments += (limit.key, limit.interval_ms)
        await run_script(self._client, REFUND, KEY, *arguments)

    async def add_known(self, key: str, member: str, max_members: int, lifetime_s: int) -> None:
        await run_script(self._client, ADD_KNOWN, KEY, key, member, max_members, lifetime_s)

    async def is_known(self, key: str, member: str) -> bool:
        return bool(await run_script(self._client, IS_KNOWN, KEY, key, member))
