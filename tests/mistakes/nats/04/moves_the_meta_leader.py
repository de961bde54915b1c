"""Asks the leader of JetStream to step down.

Step: 7
Why: The meta leader decides where streams go. Each stream has a leader of its own, and that one stays where it is.
"""


async def move_leader(nc, stream, timeout=10.0):
    before = await leader_of(nc, stream)
    await nc.request("$JS.API.META.LEADER.STEPDOWN", b"", timeout=_TRY)
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        leader = await leader_of(nc, stream)
        if leader and leader != before:
            return leader
        await asyncio.sleep(_PAUSE)
    raise nats.errors.TimeoutError
