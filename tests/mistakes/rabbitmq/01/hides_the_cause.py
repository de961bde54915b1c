"""Catches the error and returns None.

Step: 1
Why: the caller gets None, goes on, and fails at a place that has nothing to do with the broker.
"""


def connect(url, name):
    parameters = URLParameters(url)
    parameters.client_properties = {"connection_name": name}
    try:
        return BlockingConnection(parameters)
    except AMQPError:
        return None
