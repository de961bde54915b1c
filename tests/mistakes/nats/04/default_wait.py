"""Waits two seconds between tries.

Step: 5
Why: The default is meant for clients far away. After an outage the till stands still for seconds longer than it must.
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
        ping_interval=1,
        max_outstanding_pings=2,
        disconnected_cb=told("disconnected"),
        reconnected_cb=told("reconnected"),
        closed_cb=told("closed"),
        error_cb=_no_traceback,
    )
