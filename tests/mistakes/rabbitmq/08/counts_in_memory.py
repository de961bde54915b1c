"""Counts a message's failures in the process.

Step: 5
Why: the next attempt may be another process's, or come after a restart: it begins at one again, and the poison is never
parked.
"""



def consume(channel, queue, handle, *, delays, idle_timeout=1.0):
    done = retried = parked = 0
    failed_so_far = {}
    channel.confirm_delivery()
    for delivery, properties, body in channel.consume(queue, inactivity_timeout=idle_timeout):
        if delivery is None:
            break
        try:
            handle(body, properties)
            done += 1
        except Exception as error:
            failures = failed_so_far[properties.message_id] = failed_so_far.get(properties.message_id, 0) + 1
            again = failures <= len(delays) and not isinstance(error, Park)
            target = _waiting(queue, failures) if again else _parked(queue)
            channel.basic_publish("", target, body, _failed(properties, failures, error), mandatory=True)
            retried, parked = retried + again, parked + (not again)
        channel.basic_ack(delivery.delivery_tag)
    channel.cancel()
    return Report(done, retried, parked)
