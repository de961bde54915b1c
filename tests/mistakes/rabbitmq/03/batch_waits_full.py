"""Hands over full batches only.

Step: 5
Why: the last jobs of the day never fill a batch, so they never come; a batch must also be handed over when its time
is up.
"""


def work_in_batches(channel, queue, handle_batch, *, batch_size, max_wait, idle_timeout=1.0):
    handled = 0
    with _fetching(channel, batch_size):
        while batch := _collect(channel, queue, batch_size, max_wait, idle_timeout):
            if len(batch) < batch_size:
                break
            last_tag, _ = batch[-1]
            try:
                handle_batch([job for _, job in batch])
            except BaseException:
                channel.basic_nack(last_tag, multiple=True, requeue=True)
                raise
            channel.basic_ack(last_tag, multiple=True)
            handled += len(batch)
        if batch:
            channel.basic_nack(batch[-1][0], multiple=True, requeue=True)
    return handled
