"""Rejects a failing batch without requeue.

Step: 5
Why: one bad job, or a database that is locked for a moment, and the whole batch is thrown away.
"""


def work_in_batches(channel, queue, handle_batch, *, batch_size, max_wait, idle_timeout=1.0):
    handled = 0
    with _fetching(channel, batch_size):
        while batch := _collect(channel, queue, batch_size, max_wait, idle_timeout):
            last_tag, _ = batch[-1]
            try:
                handle_batch([job for _, job in batch])
            except BaseException:
                channel.basic_nack(last_tag, multiple=True, requeue=False)
                raise
            channel.basic_ack(last_tag, multiple=True)
            handled += len(batch)
    return handled
