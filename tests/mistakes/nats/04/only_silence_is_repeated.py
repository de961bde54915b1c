"""Tries again after time-outs only.

Step: 9
Why: While the others choose a leader nobody listens on the subject, and the client says so at once with NoStreamResponseError, which is no time-out.
"""


async def publish_safely(nc, subject, payload, msg_id, timeout=20.0):
    js = nc.jetstream()
    end = time.monotonic() + timeout
    while (left := end - time.monotonic()) > 0:
        with suppress(nats.errors.TimeoutError):
            ack = await js.publish(subject, payload, timeout=min(_TRY, left), headers={"Nats-Msg-Id": msg_id})
            return ack.seq
        await asyncio.sleep(_PAUSE)
    raise nats.errors.TimeoutError
