"""Gives the connection no name.

Step: 3
Why: Whoever looks at the monitoring at night sees a hundred connections and cannot tell whose they are.
"""


async def connect_cluster(urls, name, on_event=None):
    def told(event):
        async def tell():
            if on_event:
                on_event(event)

        return tell

    return await nats.connect(
        list(urls),
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
