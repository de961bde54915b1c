"""Publishes the copy without confirms, and acknowledges.

Step: 5
Why: nobody has said that the copy is stored: it may be lost, and the original is acknowledged.
"""


def consume(channel, queue, handle, *, delays, idle_timeout=1.0):
    done = retried = parked = 0
    channel.basic_qos(prefetch_count=1)
    try:
        for delivery, properties, body in channel.consume(queue, inactivity_timeout=idle_timeout):
            if delivery is None:
                break
            try:
                handle(body, properties)
                done += 1
            except Exception as error:
                failures = _failures(properties) + 1
                again = failures <= len(delays) and not isinstance(error, Park)
                target = _waiting(queue, failures) if again else _parked(queue)
                channel.basic_publish("", target, body, _failed(properties, failures, error))
                retried, parked = retried + again, parked + (not again)
            channel.basic_ack(delivery.delivery_tag)
    finally:
        if channel.is_open:
            channel.cancel()
    return Report(done, retried, parked)
