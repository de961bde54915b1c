"""Tries until it succeeds.

Step: 11
Why: Without a majority that is never. The till hangs, and nobody is told.
"""


async def publish_safely(nc, subject, payload, msg_id, timeout=20.0):
    js = nc.jetstream()
    while True:
        with suppress(*_PASSING):
            ack = await js.publish(subject, payload, timeout=_TRY, headers={"Nats-Msg-Id": msg_id})
            return ack.seq
        await asyncio.sleep(_PAUSE)
