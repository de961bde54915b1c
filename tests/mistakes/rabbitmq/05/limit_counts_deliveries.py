"""Takes the delivery limit for the number of deliveries.

Step: 1
Why: the limit counts how often a message may come back; with 2 it is delivered once and two times more.
"""

_exact = declare_ha_queue


def declare_ha_queue(channel, queue, *, delivery_limit=None, **options):
    _exact(channel, queue, delivery_limit=None if delivery_limit is None else delivery_limit - 1, **options)
