"""Gives the name to nobody.

Step: 1
Why: the management UI shows a connection's name only if the client sends it, in the client property
"connection_name". pika has no name of its own for it.
"""


def connect(url, name):
    parameters = URLParameters(url)
    parameters.client_properties = {"name": name}
    return BlockingConnection(parameters)
