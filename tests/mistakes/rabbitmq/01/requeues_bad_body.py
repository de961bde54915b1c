"""Puts a message back that nobody can ever handle.

Step: 4
Why: the bad message is delivered again at once, to the same desk or the next, for ever: a poison message.
"""


def _settle(channel, tag, body, handle):
    try:
        handle(_parse(body))
    except Exception:
        channel.basic_nack(tag, requeue=True)
        raise
    channel.basic_ack(tag)
