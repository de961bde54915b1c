"""Makes a new message of the failed one.

Step: 5
Why: without its message_id no inbox knows it again, and without its headers nobody knows whose it was.
"""


def _failed(properties, failures, error):
    headers = {"x-attempt": failures, "x-error": str(error)}
    return BasicProperties(headers=headers, message_id=str(uuid.uuid4()), delivery_mode=2)
