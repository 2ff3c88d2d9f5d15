"""Lua scripts of the timelines. Each is atomic.

Two keys per user: a hash with the state, and a sorted set of posts, all with score 0 and so in byte order.
Key names contain the server's run id: data that a restart loads from disk or a replica may lack the last
second, so it is not used. The scripts compute key names, so they need a single primary, not Redis Cluster.
"""

from storage.redis.script import Script, make_script

_KEYS = """
local run = redis.call('INFO', 'server'):match('run_id:(%x+)') or 'none'
local function about(user) return KEYS[1] .. ':' .. run .. ':a:' .. user end
local function posts(user) return KEYS[1] .. ':' .. run .. ':p:' .. user end
local function trim(user, most)
  local over = redis.call('ZCARD', posts(user)) - most
  if over > 0 then
    redis.call('ZREMRANGEBYRANK', posts(user), 0, over - 1)
    redis.call('HSET', about(user), 'cut', 1)
  end
end
"""


def _script(body: str) -> Script:
    return make_script(_KEYS + body)


# ARGV: user, upper bound, limit, retention in s.
READ = _script("""
local known = redis.call('HMGET', about(ARGV[1]), 'state', 'cut', 'broadcast', 'some')
if known[1] ~= 'ready' then return false end
if known[4] and redis.call('EXISTS', posts(ARGV[1])) == 0 then
  -- Thrown away by a server short of memory: better none than a part.
  redis.call('DEL', about(ARGV[1]))
  return false
end
redis.call('EXPIRE', about(ARGV[1]), ARGV[4])
redis.call('EXPIRE', posts(ARGV[1]), ARGV[4])
return {known[2], known[3],
  redis.call('ZRANGE', posts(ARGV[1]), ARGV[2], '-', 'BYLEX', 'REV', 'LIMIT', 0, ARGV[3])}
""")

# ARGV: user, token, rebuild timeout in s.
BEGIN_REBUILD = _script("""
redis.call('DEL', about(ARGV[1]), posts(ARGV[1]))
redis.call('HSET', about(ARGV[1]), 'state', ARGV[2], 'cut', 0)
redis.call('EXPIRE', about(ARGV[1]), ARGV[3])
return 1
""")

# ARGV: user, token, cut, broadcast, posts kept, retention in s; then posts.
FINISH_REBUILD = _script("""
if redis.call('HGET', about(ARGV[1]), 'state') ~= ARGV[2] then return 0 end
for at = 7, #ARGV, 500 do
  local some = {}
  for one = at, math.min(at + 499, #ARGV) do some[#some + 1] = 0; some[#some + 1] = ARGV[one] end
  redis.call('ZADD', posts(ARGV[1]), unpack(some))
end
redis.call('HSET', about(ARGV[1]), 'state', 'ready', 'broadcast', ARGV[4])
if ARGV[3] == '1' then redis.call('HSET', about(ARGV[1]), 'cut', 1) end
if redis.call('EXISTS', posts(ARGV[1])) == 1 then redis.call('HSET', about(ARGV[1]), 'some', 1) end
trim(ARGV[1], tonumber(ARGV[5]))
redis.call('EXPIRE', about(ARGV[1]), ARGV[6])
redis.call('EXPIRE', posts(ARGV[1]), ARGV[6])
return 1
""")

# ARGV: post, posts kept, retention in s; then users.
PUSH = _script("""
for at = 4, #ARGV do
  local user = ARGV[at]
  local known = redis.call('HMGET', about(user), 'state', 'some')
  if known[2] and redis.call('EXISTS', posts(user)) == 0 then
    redis.call('DEL', about(user))
  elseif known[1] then
    redis.call('ZADD', posts(user), 0, ARGV[1])
    redis.call('HSET', about(user), 'some', 1)
    redis.call('EXPIRE', posts(user), ARGV[3])
    trim(user, tonumber(ARGV[2]))
  end
end
return 1
""")

# ARGV: users.
INVALIDATE = _script("""
for at = 1, #ARGV do redis.call('DEL', about(ARGV[at]), posts(ARGV[at])) end
return 1
""")
