"""Switches reconnecting off.

Step: 3
Why: The first node that goes takes the connection with it, for good.
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
        allow_reconnect=False,
        reconnect_time_wait=0.1,
        ping_interval=1,
        max_outstanding_pings=2,
        disconnected_cb=told("disconnected"),
        reconnected_cb=told("reconnected"),
        closed_cb=told("closed"),
        error_cb=_no_traceback,
    )
