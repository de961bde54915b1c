"""Retries what asked to be parked.

Step: 5
Why: Park says that no attempt can help: the message comes again and again for nothing.
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
                failures = _failures(properties) + 1
                again = failures <= len(delays)
                target = _waiting(queue, failures) if again else _parked(queue)
                channel.basic_publish("", target, body, _failed(properties, failures, error), mandatory=True)
                retried, parked = retried + again, parked + (not again)
            channel.basic_ack(delivery.delivery_tag)
    finally:
        if channel.is_open:
            channel.cancel()
    return Report(done, retried, parked)
