"""Sleeps until the retry is due.

Step: 5
Why: while one message waits, the consumer handles none of the others.
"""


import time

_moving = consume


def consume(channel, queue, handle, *, delays, idle_timeout=1.0):
    def patient(body, properties):
        try:
            handle(body, properties)
        except Park:
            raise
        except Exception:
            if (attempt := _failures(properties)) < len(delays):
                time.sleep(delays[attempt])
            raise

    return _moving(channel, queue, patient, delays=delays, idle_timeout=idle_timeout)
