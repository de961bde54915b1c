"""Publishes without an id.

Step: 8
Why: A try whose acknowledgement got lost was stored. The next one is stored too: the customer pays twice.
"""


async def publish_safely(nc, subject, payload, msg_id, timeout=20.0):
    js = nc.jetstream()
    end = time.monotonic() + timeout
    while (left := end - time.monotonic()) > 0:
        with suppress(*_PASSING):
            ack = await js.publish(subject, payload, timeout=min(_TRY, left))
            return ack.seq
        await asyncio.sleep(_PAUSE)
    raise nats.errors.TimeoutError
