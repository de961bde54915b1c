"""Answers without the request's correlation_id.

Step: 6
Why: the caller may have asked several questions, and given up on some; it cannot know which of them was answered.
"""


def serve_rpc(channel, queue, function, *, limit=None, idle_timeout=1.0):
    answered = 0
    with _fetching(channel, 1):
        for delivery, properties, body in islice(channel.consume(queue, inactivity_timeout=idle_timeout), limit):
            if delivery is None:
                break
            if not properties.reply_to:
                channel.basic_reject(delivery.delivery_tag, requeue=False)
                continue
            answer, kind = _answer(function, body)
            about = BasicProperties(type=kind)
            channel.basic_publish("", properties.reply_to, answer, about)
            channel.basic_ack(delivery.delivery_tag)
            answered += 1
    return answered
