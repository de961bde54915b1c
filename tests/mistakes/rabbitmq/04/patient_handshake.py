"""A time-out for TCP alone.

Step: 3
Why: the machine that hangs has accepted the connection, so TCP is content; pika then waits 15 s for the AMQP handshake,
unless stack_timeout is set too.
"""


def _patient_until(end: float, url: str) -> URLParameters:
    parameters = URLParameters(url)
    parameters.connection_attempts = 1
    parameters.socket_timeout = 2.0
    return parameters
