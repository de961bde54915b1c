"""Waits anew with each job of a batch.

Step: 5
Why: when jobs trickle in, each begins the time anew, and the first one waits until the batch is full, which may be
hours.
"""


def _collect(channel, queue, batch_size, max_wait, idle_timeout):
    batch = []
    while len(batch) < batch_size:
        seconds = max_wait if batch else idle_timeout
        delivery, _, body = next(channel.consume(queue, inactivity_timeout=seconds), (None, None, None))
        if delivery is None:
            break
        batch.append((delivery.delivery_tag, body))
    return batch
