"""Leaves the pings to the defaults.

Step: 4
Why: With a ping every 120 s and two that may go unanswered, a silent node is noticed after six minutes.
"""


async def connect_cluster(urls, name, on_event=None):
    def told(event):
        async def tell():
            if on_event:
                on_event(event)

        return tell

    return await nats.connect(
        list(urls),
        name=name,
        connect_timeout=2,
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.1,
        disconnected_cb=told("disconnected"),
        reconnected_cb=told("reconnected"),
        closed_cb=told("closed"),
        error_cb=_no_traceback,
    )
