"""Sets no prefetch for the server.

Step: 6
Why: the broker gives it all requests there are: no other server can have them, and those whose callers give up do not
expire, because they are no more in the queue.
"""


def serve_rpc(channel, queue, function, *, limit=None, idle_timeout=1.0):
    answered = 0
    with _fetching(channel, 0):
        for delivery, properties, body in islice(channel.consume(queue, inactivity_timeout=idle_timeout), limit):
            if delivery is None:
                break
            if not properties.reply_to:
                channel.basic_reject(delivery.delivery_tag, requeue=False)
                continue
            answer, kind = _answer(function, body)
            about = BasicProperties(correlation_id=properties.correlation_id, type=kind)
            channel.basic_publish("", properties.reply_to, answer, about)
            channel.basic_ack(delivery.delivery_tag)
            answered += 1
    return answered
