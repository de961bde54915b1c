"""Takes the handler's ValueError for a bad message.

Step: 4
Why: one `try` around parsing and handling catches both. A good order, which the handler could not pack just now, is
thrown away.
"""


def _settle(channel, tag, body, handle):
    try:
        order = json.loads(body.decode())
        if not isinstance(order, dict):
            raise ValueError("not an object")
        handle(order)
    except ValueError as error:
        channel.basic_reject(tag, requeue=False)
        raise BadOrder(str(error)) from error
    except BaseException:
        channel.basic_nack(tag, requeue=True)
        raise
    channel.basic_ack(tag)
