"""Counts the attempts by the length of x-death.

Step: 5
Why: x-death has one entry for each queue and reason, not one for each failure, and the entry of a message that was
republished may be gone: the count is not ours.
"""


def consume(channel, queue, handle, *, delays, idle_timeout=1.0):
    done = retried = parked = 0
    channel.confirm_delivery()
    channel.basic_qos(prefetch_count=1)
    try:
        for delivery, properties, body in channel.consume(queue, inactivity_timeout=idle_timeout):
            if delivery is None:
                break
            try:
                handle(body, properties)
                done += 1
            except Exception as error:
                failures = len((properties.headers or {}).get("x-death", [])) * 2
                again = failures <= len(delays) and not isinstance(error, Park)
                target = _waiting(queue, failures) if again else _parked(queue)
                channel.basic_publish("", target, body, _failed(properties, failures, error), mandatory=True)
                retried, parked = retried + again, parked + (not again)
            channel.basic_ack(delivery.delivery_tag)
    finally:
        if channel.is_open:
            channel.cancel()
    return Report(done, retried, parked)
