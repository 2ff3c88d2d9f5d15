"""Presence on Redis.

    <key>:lease:<instance>   exists while the instance renews it
    <key>:leases             instances by the time of their last renewal
    <key>:of:<instance>      users on the instance
    <key>:user:<user>        instance -> state

Each operation is one atomic Lua script. Times are the server's. The scripts compute key names, so they need
a single primary, not Redis Cluster.
"""

from collections.abc import Mapping, Sequence

from config.limits import LAST_SEEN_RETENTION_S, PRESENCE_LEASE_MS
from storage.contracts.bus import presence_topic
from storage.contracts.presence import LeaseRenewal, PresenceRecord
from storage.redis.command_client import CommandClient
from storage.redis.redis_address import parse_address
from storage.redis.resp_connection import CommandArg
from storage.redis.script import Script, make_script, run_script
from storage.redis.timeouts import Timeouts
from storage.store_calls import PoolStatistics

_NAMES = """
local function lease(instance) return KEYS[1] .. ':lease:' .. instance end
local function of(instance) return KEYS[1] .. ':of:' .. instance end
local function user_key(user) return KEYS[1] .. ':user:' .. user end
"""


def _script(body: str) -> Script:
    return make_script(_NAMES + body)


# ARGV: instance, lease in ms, retention in s. Returns 1 or 0 for whether it held a lease, then the instances
# that hold one. Instances that no other one has removed are forgotten after the retention.
RENEW_LEASE = _script("""
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
local held = redis.call('EXISTS', lease(ARGV[1]))
redis.call('SET', lease(ARGV[1]), 1, 'PX', ARGV[2])
redis.call('ZADD', KEYS[1] .. ':leases', ms, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1] .. ':leases', '-inf', ms - ARGV[3] * 1000)
return {held, redis.call('ZRANGE', KEYS[1] .. ':leases', ms - tonumber(ARGV[2]), '+inf', 'BYSCORE')}
""")

# ARGV: instance, retention in s, topic prefix; then user and state ('' for none) for each user. Removes what
# instances without a lease have left: after a stop of all, no other one removes it, and the key is renewed.
SET_STATES = _script("""
local living = {[ARGV[1]] = true}
for at = 4, #ARGV, 2 do
  local user, state = ARGV[at], ARGV[at + 1]
  for _, instance in ipairs(redis.call('HKEYS', user_key(user))) do
    if living[instance] == nil then living[instance] = redis.call('EXISTS', lease(instance)) == 1 end
    if not living[instance] then redis.call('HDEL', user_key(user), instance) end
  end
  if state == '' then
    redis.call('HDEL', user_key(user), ARGV[1])
    redis.call('SREM', of(ARGV[1]), user)
  else
    redis.call('HSET', user_key(user), ARGV[1], state)
    redis.call('EXPIRE', user_key(user), ARGV[2])
    redis.call('SADD', of(ARGV[1]), user)
  end
  redis.call('PUBLISH', ARGV[3] .. user, '')
end
redis.call('EXPIRE', of(ARGV[1]), ARGV[2])
return 1
""")

# ARGV: users. Returns 'online', 'away' or '' for each.
GET_STATES = _script("""
local living, answer = {}, {}
for at = 1, #ARGV do
  local best = ''
  local entries = redis.call('HGETALL', user_key(ARGV[at]))
  for i = 1, #entries, 2 do
    local instance = entries[i]
    if living[instance] == nil then living[instance] = redis.call('EXISTS', lease(instance)) == 1 end
    if living[instance] then
      if entries[i + 1] == 'online' then best = 'online' elseif best == '' then best = entries[i + 1] end
    end
  end
  answer[at] = best
end
return answer
""")

# ARGV: instance. Does nothing while the instance holds its lease.
REMOVE_INSTANCE = _script("""
if redis.call('EXISTS', lease(ARGV[1])) == 1 then return {} end
local users = redis.call('SMEMBERS', of(ARGV[1]))
redis.call('DEL', of(ARGV[1]))
redis.call('ZREM', KEYS[1] .. ':leases', ARGV[1])
for _, user in ipairs(users) do redis.call('HDEL', user_key(user), ARGV[1]) end
return users
""")

KEY = "convene:presence"
USERS_PER_CALL = 500


class RedisPresence:
    """Implements `storage.contracts.presence.PresenceStore`."""

    def __init__(self, url: str, timeouts: Timeouts) -> None:
        self._client = CommandClient(parse_address(url), timeouts, "presence")

    @classmethod
    async def open(cls, url: str, *, timeouts: Timeouts | None = None) -> "RedisPresence":
        """Connect. Raises `Unavailable`, or `InvalidStoreUrl`."""
        store = cls(url, timeouts or Timeouts())
        await store._client.connection.open()
        return store

    def statistics(self) -> list[PoolStatistics]:
        return [self._client.statistics()]

    async def close(self) -> None:
        await self._client.connection.close()

    async def renew_lease(self, instance: str) -> LeaseRenewal:
        held, names = await run_script(
            self._client, RENEW_LEASE, KEY, instance, PRESENCE_LEASE_MS, LAST_SEEN_RETENTION_S
        )
        return LeaseRenewal(not held, [name.decode() for name in names])

    async def set_states(self, instance: str, states: Mapping[str, str | None]) -> None:
        pairs = list(states.items())
        for start in range(0, len(pairs), USERS_PER_CALL):
            arguments: list[CommandArg] = []
            for user_id, state in pairs[start : start + USERS_PER_CALL]:
                arguments += (user_id, state or "")
            await run_script(
                self._client, SET_STATES, KEY, instance, LAST_SEEN_RETENTION_S, presence_topic(""), *arguments
            )

    async def get(self, user_ids: Sequence[str]) -> list[PresenceRecord]:
        records: list[PresenceRecord] = []
        for start in range(0, len(user_ids), USERS_PER_CALL):
            batch = user_ids[start : start + USERS_PER_CALL]
            reply = await run_script(self._client, GET_STATES, KEY, *batch)
            records += [
                PresenceRecord(user_id, state.decode() or "offline")
                for user_id, state in zip(batch, reply, strict=True)
            ]
        return records

    async def remove_instance(self, instance: str) -> list[str]:
        reply = await run_script(self._client, REMOVE_INSTANCE, KEY, instance)
        return [user_id.decode() for user_id in reply]
