"""Acknowledges the batch before it is handled.

Step: 5
Why: if handling fails after that, the whole batch is lost: the broker has already forgotten it.
"""


def work_in_batches(channel, queue, handle_batch, *, batch_size, max_wait, idle_timeout=1.0):
    handled = 0
    with _fetching(channel, batch_size):
        while batch := _collect(channel, queue, batch_size, max_wait, idle_timeout):
            channel.basic_ack(batch[-1][0], multiple=True)
            handle_batch([job for _, job in batch])
            handled += len(batch)
    return handled
