"""Ends as soon as the queue is empty.

Step: 5
Why: a message that comes a moment later, or back from its wait queue, finds nobody.
"""



def consume(channel, queue, handle, *, delays, idle_timeout=1.0):
    done = retried = parked = 0
    channel.confirm_delivery()
    while True:
        delivery, properties, body = channel.basic_get(queue)
        if delivery is None:
            break
        try:
            handle(body, properties)
            done += 1
        except Exception as error:
            failures = _failures(properties) + 1
            again = failures <= len(delays) and not isinstance(error, Park)
            target = _waiting(queue, failures) if again else _parked(queue)
            channel.basic_publish("", target, body, _failed(properties, failures, error), mandatory=True)
            retried, parked = retried + again, parked + (not again)
        channel.basic_ack(delivery.delivery_tag)
    return Report(done, retried, parked)
