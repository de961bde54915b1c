"""Tries again and again by itself.

Step: 1
Why: a caller that wants to give up, or to ask another broker, has to wait until your attempts are over. One attempt,
and the caller decides.
"""


def connect(url, name):
    parameters = URLParameters(url)
    parameters.client_properties = {"connection_name": name}
    parameters.connection_attempts = 8
    parameters.retry_delay = 1
    return BlockingConnection(parameters)
