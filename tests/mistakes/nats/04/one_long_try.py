"""Tries once, with all the time that it has.

Step: 8
Why: An acknowledgement that is lost never comes, however long one waits.
"""


async def publish_safely(nc, subject, payload, msg_id, timeout=20.0):
    js = nc.jetstream()
    end = time.monotonic() + timeout
    while (left := end - time.monotonic()) > 0:
        with suppress(*_PASSING):
            ack = await js.publish(subject, payload, timeout=left, headers={"Nats-Msg-Id": msg_id})
            return ack.seq
        await asyncio.sleep(_PAUSE)
    raise nats.errors.TimeoutError
