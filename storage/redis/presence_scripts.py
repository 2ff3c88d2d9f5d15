"""Lua scripts of presence. Each is atomic.

    <key>:lease:<instance>   exists while the instance renews it
    <key>:leases             instances by the time of their last renewal
    <key>:of:<instance>      users on the instance
    <key>:user:<user>        instance -> state

Times are the server's. The scripts compute key names, so they need a single primary, not Redis Cluster.
"""

from storage.redis.script import Script, make_script

_NAMES = """
local function lease(instance) return KEYS[1] .. ':lease:' .. instance end
local function of(instance) return KEYS[1] .. ':of:' .. instance end
local function user_key(user) return KEYS[1] .. ':user:' .. user end
"""


def _script(body: str) -> Script:
    return make_script(_NAMES + body)


# ARGV: instance, lease in ms.
RENEW_LEASE = _script("""
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call('SET', lease(ARGV[1]), 1, 'PX', ARGV[2])
redis.call('ZADD', KEYS[1] .. ':leases', ms, ARGV[1])
return redis.call('ZRANGE', KEYS[1] .. ':leases', ms - tonumber(ARGV[2]), '+inf', 'BYSCORE')
""")

# ARGV: instance, retention in s, topic prefix; then user and state ('' for none) for each user.
SET_STATES = _script("""
for at = 4, #ARGV, 2 do
  local user, state = ARGV[at], ARGV[at + 1]
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
