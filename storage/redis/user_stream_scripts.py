"""Lua scripts of the user streams. Each is atomic.

One hash holds all positions, their epoch and the run id of the server that started the epoch, so they are
valid together or lost together. An append-only file may lose its last second and a replica may lag, so a
server with another run id starts a new epoch. The scripts compute key names, so they need a single primary,
not Redis Cluster.
"""

from storage.redis.script import Script, make_script

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


# ARGV: frames kept, retention in s, streams at most, topic prefix; then user, prefix, suffix of each append.
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

# ARGV: user, epoch, position, limit. A position above the head was not assigned in this epoch.
READ_AFTER = _script("""
if current() ~= ARGV[2] then return false end
local missed = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0') - tonumber(ARGV[3])
local kept = list(ARGV[2], ARGV[1])
if missed < 0 or redis.call('LLEN', kept) < missed then return false end
if missed == 0 then return {} end
return redis.call('LRANGE', kept, -missed, math.min(-1, tonumber(ARGV[4]) - missed - 1))
""")

RESET = _script("""
return begin(run_id())
""")
