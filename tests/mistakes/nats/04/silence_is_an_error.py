"""Lets a time-out end it.

Step: 8
Why: No acknowledgement within a second says nothing about the message. The next try is harmless, since the id is the same.
"""


async def publish_safely(nc, subject, payload, msg_id, timeout=20.0):
    js = nc.jetstream()
    end = time.monotonic() + timeout
    while (left := end - time.monotonic()) > 0:
        with suppress(NoStreamResponseError, APIError):
            ack = await js.publish(subject, payload, timeout=min(_TRY, left), headers={"Nats-Msg-Id": msg_id})
            return ack.seq
        await asyncio.sleep(_PAUSE)
    raise nats.errors.TimeoutError
