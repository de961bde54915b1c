"""Acknowledges before the copy is safe.

Step: 5
Why: between the ack and the copy's confirm nobody has the message: a crash there, or a wait queue that is gone, loses it.
"""


def consume(channel, queue, handle, *, delays, idle_timeout=1.0):
    done = retried = parked = 0
    channel.confirm_delivery()
    channel.basic_qos(prefetch_count=1)
    try:
        for delivery, properties, body in channel.consume(queue, inactivity_timeout=idle_timeout):
            if delivery is None:
                break
            error = None
            try:
                handle(body, properties)
            except Exception as failure:
                error = failure
            channel.basic_ack(delivery.delivery_tag)
            if error is None:
                done += 1
                continue
            failures = _failures(properties) + 1
            again = failures <= len(delays) and not isinstance(error, Park)
            target = _waiting(queue, failures) if again else _parked(queue)
            channel.basic_publish("", target, body, _failed(properties, failures, error), mandatory=True)
            retried, parked = retried + again, parked + (not again)
    finally:
        if channel.is_open:
            channel.cancel()
    return Report(done, retried, parked)
