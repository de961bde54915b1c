"""Gives a failed message back at once.

Step: 5
Why: without a pause it fails again a millisecond later, and uses up its attempts before anything could get better.
"""


def consume(channel, queue, handle, *, delays, idle_timeout=1.0):
    done = retried = parked = 0
    failures = {}
    channel.confirm_delivery()
    try:
        for delivery, properties, body in channel.consume(queue, inactivity_timeout=idle_timeout):
            if delivery is None:
                break
            try:
                handle(body, properties)
            except Exception as error:
                count = failures[properties.message_id] = failures.get(properties.message_id, 0) + 1
                if count <= len(delays) and not isinstance(error, Park):
                    retried += 1
                    channel.basic_nack(delivery.delivery_tag, requeue=True)
                    continue
                parked += 1
                channel.basic_publish("", _parked(queue), body, _failed(properties, count, error), mandatory=True)
            else:
                done += 1
            channel.basic_ack(delivery.delivery_tag)
    finally:
        if channel.is_open:
            channel.cancel()
    return Report(done, retried, parked)
