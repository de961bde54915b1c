"""Makes up a new id for each try.

Step: 8
Why: To JetStream these are different messages. What recognises a repetition must be the same in every try.
"""


async def publish_safely(nc, subject, payload, msg_id, timeout=20.0):
    js = nc.jetstream()
    end = time.monotonic() + timeout
    while (left := end - time.monotonic()) > 0:
        with suppress(*_PASSING):
            ack = await js.publish(subject, payload, timeout=min(_TRY, left), headers={"Nats-Msg-Id": f"{msg_id}-{time.monotonic_ns()}"})
            return ack.seq
        await asyncio.sleep(_PAUSE)
    raise nats.errors.TimeoutError
