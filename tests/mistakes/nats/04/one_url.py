"""Connects to the first of the addresses.

Step: 3
Why: When that node is down there is no way in, although two others run. The client learns of other nodes only once it is connected.
"""


async def connect_cluster(urls, name, on_event=None):
    def told(event):
        async def tell():
            if on_event:
                on_event(event)

        return tell

    return await nats.connect(
        urls[0],
        name=name,
        connect_timeout=2,
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.1,
        ping_interval=1,
        max_outstanding_pings=2,
        disconnected_cb=told("disconnected"),
        reconnected_cb=told("reconnected"),
        closed_cb=told("closed"),
        error_cb=_no_traceback,
    )
