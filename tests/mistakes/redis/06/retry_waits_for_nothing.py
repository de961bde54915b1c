"""Looks whether the entry is there already, and then says WAIT.

Step: 4
Why: WAIT waits for the last write of its own connection; a retry that found the entry has written nothing, and is told at once that all replicas have it.
"""

_ADD_ONCE = """
local entry = redis.call('HGET', KEYS[2], ARGV[1])
if not entry then
    entry = redis.call('XADD', KEYS[1], '*', 'message_id', ARGV[1], unpack(ARGV, 2))
    redis.call('HSET', KEYS[2], ARGV[1], entry)
end
return entry
"""
